/**
 * Unsent messages. Each is stored with its Idempotency-Key until the server has responded, so that it is neither
 * lost nor sent twice when the connection breaks, the page is reloaded, or another tab continues with it.
 */

import { signal } from "@preact/signals";
import * as api from "../api.js";
import { asProblem } from "../http.js";
import { toast } from "../parts/toast.js";
import { account } from "../session.js";
import { alone, randomKey, readAll, remove, write } from "../storage.js";
import { onTold, tellAll, tellOthers } from "../tabs.js";
import { upload } from "../upload.js";
import { t } from "../words/words.js";
import { conversationOf } from "./conversation.js";

const FIRST_PAUSE_MS = 2000;
const LONGEST_PAUSE_MS = 30_000;

/**
 * @typedef {{
 *   key: string, roomId: string, at: number, body: NewMessage | null, file: Blob | null, alt: string,
 *   reply: {id: string, sender_id: string, type: string, text: string | null, thumbnail_url?: string | null} | null, failed: string | null,
 * }} Pending
 * `body` is null until the photo of `file` has been uploaded; `failed` is the code of a refusal.
 */

/** All unsent messages, oldest first. @type {import("@preact/signals").Signal<Pending[]>} */
export const pending = signal([]);
/** The upload progress of photos, by key. @type {import("@preact/signals").Signal<Map<string, number>>} */
export const sentShare = signal(new Map());

let pause = FIRST_PAUSE_MS;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer;

onTold("outbox", () => void load());
onTold("outbox-done", (key) => drop(key));
onTold("caught-up", () => void flush());

/** Load messages of an earlier visit, and send them when the browser is online. */
export function startOutbox() {
  addEventListener("online", () => void flush());
  let before = "";
  account.subscribe((who) => {
    if ((who?.id ?? "") === before) return;
    before = who?.id ?? "";
    pending.value = [];
    if (who) void load().then(flush);
  });
}

async function load() {
  /** @type {Pending[]} */
  const stored = await readAll("outbox").catch(() => []);
  const byKey = new Map([...pending.peek(), ...stored].map((each) => [each.key, each]));
  pending.value = [...byKey.values()].sort((one, other) => one.at - other.at);
}

/**
 * @param {string} roomId @param {NewMessage | null} body
 * @param {{file?: Blob | null, alt?: string, reply?: Pending["reply"]}} [more]
 */
export async function sendMessage(roomId, body, { file = null, alt = "", reply = null } = {}) {
  const last = pending.peek().at(-1)?.at ?? 0;
  const at = Math.max(Date.now(), last + 1);
  await keep({ key: randomKey(), roomId, at, body, file, alt, reply, failed: null });
  void flush();
}

/** @param {Pending} item */
async function keep(item) {
  const others = pending.peek().filter((each) => each.key !== item.key);
  pending.value = [...others, item].sort((one, other) => one.at - other.at);
  try {
    await write("outbox", item.key, item);
    tellOthers("outbox", null);
  } catch {
    toast(t("storage.full"), { tone: "bad" }); // it is sent anyway while this page is open
  }
}

/** @param {string} key */
export async function discard(key) {
  drop(key);
  await remove("outbox", key).catch(() => {});
  tellOthers("outbox-done", key);
}

/** @param {Pending} item */
export async function retry(item) {
  await keep({ ...item, failed: null });
  void flush();
}

/** @param {string} key */
function drop(key) {
  pending.value = pending.peek().filter((each) => each.key !== key);
}

/** Send all waiting messages, one after another, in the order in which they were written. */
export function flush() {
  clearTimeout(timer);
  return alone("shutter.outbox", sendAll).catch(() => {});
}

async function sendAll() {
  while (account.peek()) {
    const blocked = new Set(pending.peek().filter((each) => each.failed).map((each) => each.roomId));
    const next = pending.peek().find((each) => !each.failed && !blocked.has(each.roomId));
    if (!next) return;
    try {
      await sendOne(next);
      pause = FIRST_PAUSE_MS;
    } catch (error) {
      const problem = asProblem(error);
      if (!account.peek()) return;
      if (problem.passing || problem.code === "idempotency_in_progress") {
        timer = setTimeout(flush, Math.max(pause, problem.retryAfter * 1000));
        pause = Math.min(LONGEST_PAUSE_MS, pause * 2);
        return;
      }
      await keep({ ...next, failed: problem.code });
    }
  }
}

/** @param {Pending} item */
async function sendOne(item) {
  let body = item.body;
  if (!body) {
    const onProgress = /** @param {number} share */ (share) => (sentShare.value = new Map(sentShare.peek()).set(item.key, share));
    const media = await upload("POST", `/rooms/${item.roomId}/media`, /** @type {Blob} */ (item.file), { alt: item.alt, onProgress });
    body = { type: "image", media_id: media.id, reply_to: item.reply?.id ?? null };
    await keep({ ...item, body });
  }
  const conversation = conversationOf(item.roomId);
  const sent = api.send(item.roomId, body, item.key);
  conversation.sending = sent.catch(() => {});
  const message = await sent;
  if (conversation.atEnd.peek()) conversation.merge([message]);
  else void conversation.catchUp().catch(() => {});
  tellAll("message.created", message);
  await discard(item.key);
}
