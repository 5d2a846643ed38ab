/** The messages of one room, oldest first, without gaps between the oldest and the newest shown: the last ones, or those around an older one. */

import { signal } from "@preact/signals";
import * as api from "../api.js";
import { asProblem } from "../http.js";
import { account } from "../session.js";
import { onTold } from "../tabs.js";

const KEPT = 10;

export class Conversation {
  /** @param {string} id of the room */
  constructor(id) {
    this.id = id;
    /** @type {import("@preact/signals").Signal<Message[]>} */
    this.messages = signal([]);
    /** @type {import("@preact/signals").Signal<"loading" | "ready" | "whole" | "failed">} `whole`: there are no older ones */
    this.state = signal("loading");
    /** Whether the newest messages are among them. */
    this.atEnd = signal(true);
    /** @type {import("../http.js").Problem | null} */
    this.problem = null;
    /** @type {string | null} */
    this.cursor = null;
    /** With which the cursor was made. @type {string | null} */
    this.upTo = null;
    this.started = false;
    /** The message of this room that is being sent. @type {Promise<unknown> | null} */
    this.sending = null;
    this.busy = false;
    /** Whether something may have arrived while the first page was requested. */
    this.behind = false;
    /** Grows when other messages are shown: a page that was requested before belongs to those. */
    this.turn = 0;
  }

  /** The newest page, or the next older one. */
  async older() {
    if (this.busy || this.state.value === "whole") return;
    this.busy = true;
    this.state.value = "loading";
    const turn = this.turn;
    try {
      const { items, next_cursor } = await api.messages(this.id, this.cursor, this.upTo);
      if (turn !== this.turn) return;
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
    if (this.started && this.behind) {
      this.behind = false;
      await this.catchUp().catch(() => {});
    }
  }

  /** Show the newest messages: fetch those that arrived while the socket was closed, or all anew after a jump. */
  async catchUp() {
    if (!this.atEnd.peek()) this.restart([], null, null, true);
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

  /** The next newer page after a jump. */
  async newer() {
    if (this.busy || this.atEnd.value) return;
    this.busy = true;
    const turn = this.turn;
    try {
      const { items, next_cursor } = await api.messagesSince(this.id, this.messages.peek().at(-1)?.id ?? "");
      if (turn !== this.turn) return;
      this.merge(items);
      this.atEnd.value = !next_cursor;
      if (!next_cursor) await this.catchUp(); // what came meanwhile
    } catch {
      // The next scroll repeats it.
    } finally {
      this.busy = false;
    }
  }

  /** Load this message and those around it, unless it is there. @param {string} messageId @returns {Promise<boolean>} whether it is there */
  async reach(messageId) {
    const there = () => this.messages.peek().some((message) => message.id === messageId);
    if (there()) return true;
    const [before, after] = await Promise.all([api.messages(this.id, null, messageId), api.messagesSince(this.id, messageId)]);
    if (before.items[0]?.id !== messageId) return false;
    this.started = true;
    this.restart([...before.items, ...after.items], before.next_cursor, messageId, !after.next_cursor);
    if (!before.next_cursor) this.state.value = "whole";
    if (!after.next_cursor) void this.catchUp().catch(() => {}); // what came meanwhile
    return there();
  }

  /** @param {Message[]} items @param {string | null} cursor @param {string | null} upTo @param {boolean} atEnd */
  restart(items, cursor, upTo, atEnd) {
    this.turn++;
    this.busy = false;
    this.cursor = cursor;
    this.upTo = upTo;
    this.state.value = "ready";
    this.atEnd.value = atEnd;
    this.messages.value = [];
    this.merge(items);
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
onTold("message.created", async (message) => {
  const found = kept.get(message.room_id);
  if (found && !found.started) found.behind = true;
  // The socket may be faster than the response, which shows the message in place of the one on its way.
  if (message.sender.id === account.peek()?.id) await found?.sending;
  if (!found?.started || !found.atEnd.peek()) return;
  found.merge([message]);
  // The socket brings no cards of shared posts.
  if (message.type === "post" && !message.post) void api.message(message.room_id, message.id).then((full) => found.merge([full]), () => {});
});
onTold("message.updated", (message) => kept.get(message.room_id)?.replace(message));
onTold("caught-up", () => kept.forEach((each) => {
  if (!each.started) each.behind = true;
  else if (each.atEnd.peek()) void each.catchUp().catch(() => {});
}));

/** @param {string} id @returns {Conversation} */
export function conversationOf(id) {
  const found = kept.get(id) ?? new Conversation(id);
  kept.delete(id);
  kept.set(id, found);
  if (kept.size > KEPT) kept.delete(/** @type {string} */ (kept.keys().next().value));
  return found;
}
