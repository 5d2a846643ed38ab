/** Who is writing: signals of the others are shown for some seconds; one's own are sent while one writes. */

import { signal } from "@preact/signals";
import { account } from "../session.js";
import { onTold, tellAll } from "../tabs.js";

const SHOWN_MS = 6000;
const PAUSE_MS = 3200; // the server drops what comes within 3 s

/** The rooms in which the other user is writing, with the timers that end it. @type {import("@preact/signals").Signal<Map<string, number>>} */
const writing = signal(new Map());
/** @type {Map<string, number>} when the last own signal was sent, by room */
const sent = new Map();

onTold("typing", ({ room_id }) => set(room_id, setTimeout(() => set(room_id), SHOWN_MS)));
onTold("message.created", (message) => message.sender.id !== account.peek()?.id && set(message.room_id));

/** @param {string} roomId @param {number} [timer] none: it has ended */
function set(roomId, timer) {
  clearTimeout(writing.peek().get(roomId));
  const changed = new Map(writing.peek());
  if (timer === undefined) changed.delete(roomId);
  else changed.set(roomId, timer);
  writing.value = changed;
}

/** @param {string} roomId whether the other user is writing there */
export const isWriting = (roomId) => writing.value.has(roomId);

/** Tell the other user that one is writing. @param {string} roomId */
export function signalTyping(roomId) {
  const now = Date.now();
  if (now - (sent.get(roomId) ?? 0) < PAUSE_MS) return;
  sent.set(roomId, now);
  tellAll("writing", roomId);
}
