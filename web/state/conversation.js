/** The messages of one room, oldest first, without gaps between the oldest and the newest shown. */

import { signal } from "@preact/signals";
import * as api from "../api.js";
import { asProblem } from "../http.js";
import { account } from "../session.js";
import { onTold } from "../tabs.js";

const KEPT = 10;
const MOST_PAGES_TO_A_QUOTE = 40;

export class Conversation {
  /** @param {string} id of the room */
  constructor(id) {
    this.id = id;
    /** @type {import("@preact/signals").Signal<Message[]>} */
    this.messages = signal([]);
    /** @type {import("@preact/signals").Signal<"loading" | "ready" | "whole" | "failed">} `whole`: there are no older ones */
    this.state = signal("loading");
    /** @type {import("../http.js").Problem | null} */
    this.problem = null;
    /** @type {string | null} */
    this.cursor = null;
    this.started = false;
    this.busy = false;
  }

  /** The newest page, or the next older one. */
  async older() {
    if (this.busy || this.state.value === "whole") return;
    this.busy = true;
    this.state.value = "loading";
    try {
      const { items, next_cursor } = await api.messages(this.id, this.cursor);
      this.cursor = next_cursor;
      this.started = true;
      this.merge(items);
      this.state.value = next_cursor ? "ready" : "whole";
    } catch (error) {
      this.problem = asProblem(error);
      this.state.value = "failed";
    } finally {
      this.busy = false;
    }
  }

  /** Fetch messages that arrived while the socket was closed. */
  async catchUp() {
    const newest = this.messages.peek().at(-1);
    if (!newest) {
      if (this.started) this.state.value = "ready"; // there was nothing: start again
      return this.older();
    }
    let cursor = null;
    do {
      /** @type {Page<Message>} */
      const { items, next_cursor } = await api.messagesSince(this.id, newest.id, cursor);
      this.merge(items);
      cursor = next_cursor;
    } while (cursor);
  }

  /** Load older messages until this one is included. @param {string} messageId @returns {Promise<boolean>} */
  async reach(messageId) {
    const there = () => this.messages.peek().some((message) => message.id === messageId);
    for (let pages = 0; !there() && this.state.peek() === "ready" && pages < MOST_PAGES_TO_A_QUOTE; pages++) await this.older();
    return there();
  }

  /** Show what is left of a message that was removed, also where it is quoted. @param {Message} message */
  replace(message) {
    const { id, removed } = message;
    const gone = { text: message.text, type: message.type, thumbnail_url: null, removed };
    this.messages.value = this.messages.peek().map((each) =>
      each.id === id ? message : each.reply_to?.id === id ? { ...each, reply_to: { ...each.reply_to, ...gone } } : each);
  }

  /** @param {Message[]} fresh in any order, some perhaps known already */
  merge(fresh) {
    const byId = new Map(this.messages.peek().map((message) => [message.id, message]));
    fresh.forEach((message) => byId.set(message.id, message));
    this.messages.value = [...byId.values()].sort((one, other) => (one.id < other.id ? -1 : 1));
  }
}

/** @type {Map<string, Conversation>} */
const kept = new Map();
account.subscribe((who) => {
  if (!who) kept.clear();
});
onTold("message.created", (message) => {
  const found = kept.get(message.room_id);
  if (!found?.started) return;
  found.merge([message]);
  // The socket brings no cards of shared posts.
  if (message.type === "post" && !message.post) void api.message(message.room_id, message.id).then((full) => found.merge([full]), () => {});
});
onTold("message.updated", (message) => kept.get(message.room_id)?.replace(message));
onTold("caught-up", () => kept.forEach((each) => each.started && void each.catchUp().catch(() => {})));

/** @param {string} id @returns {Conversation} */
export function conversationOf(id) {
  const found = kept.get(id) ?? new Conversation(id);
  kept.delete(id);
  kept.set(id, found);
  if (kept.size > KEPT) kept.delete(/** @type {string} */ (kept.keys().next().value));
  return found;
}
