/** The rooms of the current user, and their unread counts. */

import { batch, computed, signal } from "@preact/signals";
import * as api from "../api.js";
import { announce } from "../parts/toast.js";
import { account } from "../session.js";
import { onTold } from "../tabs.js";
import { t } from "../words/words.js";

/** @type {import("@preact/signals").Signal<Map<string, Room>>} */
const rooms = signal(new Map());
/** Whether all rooms were read. */
export const roomsState = signal(/** @type {"unknown" | "loading" | "known"} */ ("unknown"));
/** The room that is open in a visible tab. @type {import("@preact/signals").Signal<string | null>} */
export const openRoomId = signal(null);

/** Last active first, without hidden ones and requests. */
export const roomList = computed(() => listed("open"));
/** Requests that the user has received and not answered: the newest ones. */
export const requestList = computed(() => listed("request").filter((room) => room.last_message));
/** Of the rooms that are not muted. */
export const unreadCount = computed(() => roomList.value.reduce((sum, room) => sum + (room.muted ? 0 : room.unread_count), 0));

/** @param {Room["state"]} state */
const listed = (state) =>
  [...rooms.value.values()].filter((room) => room.state === state && !room.hidden).sort((one, other) => (activity(one) < activity(other) ? 1 : -1));

/** Ids are ordered by time. @param {Room} room */
const activity = (room) => room.last_message?.id ?? room.id;

account.subscribe((who) => {
  if (who) return;
  rooms.value = new Map();
  roomsState.value = "unknown";
});
onTold("message.created", (message) => void heard(message));
onTold("message.updated", (message) => {
  if (rooms.peek().get(message.room_id)?.last_message?.id === message.id) amendRoom(message.room_id, { last_message: message });
});
onTold("room.read", ({ room_id, user_id, message_id }) => {
  if (user_id === account.peek()?.id) amendRoom(room_id, { unread_count: 0 });
  else amendRoom(room_id, { peer_read_id: message_id });
});
onTold("room.updated", rememberRoom);
onTold("caught-up", () => void loadRooms(true).catch(() => {}));

/** @param {string} id @returns {Room | undefined} */
export const roomById = (id) => rooms.value.get(id);

/** @param {Room} room @returns {Room} the current state, which may be newer than the given one */
export function rememberRoom(room) {
  const known = rooms.peek().get(room.id);
  const newer = known && activity(known) > activity(room) ? known : room;
  const state = known?.state === "open" ? known.state : room.state; // what was accepted stays so
  const declined = known?.state === "request" && state === "request" && known.hidden; // and what was declined, too
  const result = { ...newer, state, hidden: newer.hidden || declined, peer_read_id: later(known?.peer_read_id, room.peer_read_id), muted: room.muted };
  rooms.value = new Map(rooms.value).set(room.id, result);
  return result;
}

/** @param {string | null | undefined} one @param {string | null | undefined} other ids of messages */
const later = (one, other) => ((one ?? "") > (other ?? "") ? one : other) ?? null;

/** @param {string} id @param {Partial<Room>} changes */
export function amendRoom(id, changes) {
  const found = rooms.peek().get(id);
  if (found) rememberRoom({ ...found, ...changes });
}

/** Load all rooms and the newest requests, once. @param {boolean} [anew] */
export async function loadRooms(anew = false) {
  if (roomsState.peek() === "loading" || (roomsState.peek() === "known" && !anew)) return;
  const before = roomsState.peek();
  roomsState.value = "loading";
  try {
    let cursor = null;
    do {
      /** @type {Page<Room>} */
      const { items, next_cursor } = await api.rooms(cursor);
      batch(() => items.forEach(rememberRoom));
      cursor = next_cursor;
    } while (cursor);
    const { items } = await api.roomRequests();
    batch(() => items.forEach(rememberRoom));
    roomsState.value = "known";
  } catch (error) {
    roomsState.value = before === "known" ? "known" : "unknown";
    throw error;
  }
}

/** @param {string} id @returns {Promise<Room>} */
export const fetchRoom = async (id) => rememberRoom(await api.room(id));

/** The room with this user, created if there is none. @param {string} userId @returns {Promise<Room>} */
export const roomWith = async (userId) => rememberRoom(await api.openRoom(userId));

/** @param {Message} message */
async function heard(message) {
  const room = rooms.peek().get(message.room_id) ?? (await fetchRoom(message.room_id).catch(() => null));
  if (!room || (room.last_message && room.last_message.id >= message.id)) return;
  const unread = message.sender.id !== account.peek()?.id;
  const state = unread ? room.state : "open"; // to write accepts
  rememberRoom({ ...room, state, last_message: message, unread_count: room.unread_count + (unread ? 1 : 0), hidden: false });
  // An open room is a live region itself, and requests come quietly.
  if (unread && !room.muted && state === "open" && openRoomId.peek() !== room.id) announce(t("message.new", { name: room.peer.name ?? t("person.deleted") }));
}

/** @type {Map<string, string>} the message up to which a room is to be marked, while a request is running */
const marking = new Map();
/** @type {Map<string, string>} the message up to which a room was marked last */
const marked = new Map();

/** Mark a room as read, by one request at a time. @param {string} id @param {string} messageId */
export async function readUpTo(id, messageId) {
  // What is unread after a message that was marked has not arrived here: to mark it again would change nothing.
  if (marked.get(id) === messageId && roomById(id)?.last_message?.id !== messageId) return;
  amendRoom(id, { unread_count: 0 });
  const busy = marking.has(id);
  marking.set(id, messageId);
  if (busy) return;
  for (let done = ""; done !== marking.get(id); ) {
    done = /** @type {string} */ (marking.get(id));
    await api.markRead(id, done).then((room) => rememberRoom(room) && marked.set(id, done), () => {}); // the next visible message repeats it
  }
  marking.delete(id);
}
