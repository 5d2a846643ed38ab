/** The rooms of who is logged in, and how many messages in them are unread. */

import { computed, signal } from "@preact/signals";
import * as api from "../api.js";
import { account } from "../session.js";
import { onTold } from "../tabs.js";

/** @type {import("@preact/signals").Signal<Map<string, Room>>} */
const rooms = signal(new Map());
/** Whether all rooms were read. */
export const roomsState = signal(/** @type {"unknown" | "loading" | "known"} */ ("unknown"));
/** How far the other side has read, by room: the id of a message. @type {import("@preact/signals").Signal<Map<string, string>>} */
export const peerRead = signal(new Map());
/** The room that is open and looked at. @type {import("@preact/signals").Signal<string | null>} */
export const openRoomId = signal(null);

/** Last active first. */
export const roomList = computed(() => [...rooms.value.values()].sort((one, other) => (activity(one) < activity(other) ? 1 : -1)));
export const unreadCount = computed(() => roomList.value.reduce((sum, room) => sum + room.unread_count, 0));

/** Ids are ordered by time. @param {Room} room */
const activity = (room) => room.last_message?.id ?? room.id;

account.subscribe((who) => {
  if (who) return;
  rooms.value = new Map();
  peerRead.value = new Map();
  roomsState.value = "unknown";
});
onTold("message.created", (message) => void heard(message));
onTold("room.read", ({ room_id, user_id, message_id }) => {
  if (user_id === account.peek()?.id) amendRoom(room_id, { unread_count: 0 });
  else peerRead.value = new Map(peerRead.value).set(room_id, message_id);
});
onTold("caught-up", () => void loadRooms(true).catch(() => {}));

/** @param {string} id @returns {Room | undefined} */
export const roomById = (id) => rooms.value.get(id);

/** @param {Room} room @returns {Room} what is known now, which may be newer than what was given */
export function rememberRoom(room) {
  const known = rooms.peek().get(room.id);
  if (known && activity(known) > activity(room)) return known;
  rooms.value = new Map(rooms.value).set(room.id, room);
  return room;
}

/** @param {string} id @param {Partial<Room>} changes */
export function amendRoom(id, changes) {
  const found = rooms.peek().get(id);
  if (found) rememberRoom({ ...found, ...changes });
}

/** Read all rooms, once. @param {boolean} [anew] */
export async function loadRooms(anew = false) {
  if (roomsState.peek() === "loading" || (roomsState.peek() === "known" && !anew)) return;
  const before = roomsState.peek();
  roomsState.value = "loading";
  try {
    let cursor = null;
    do {
      /** @type {Page<Room>} */
      const { items, next_cursor } = await api.rooms(cursor);
      const merged = new Map(rooms.peek());
      items.forEach((room) => merged.set(room.id, room));
      rooms.value = merged;
      cursor = next_cursor;
    } while (cursor);
    roomsState.value = "known";
  } catch (error) {
    roomsState.value = before === "known" ? "known" : "unknown";
    throw error;
  }
}

/** @param {string} id @returns {Promise<Room>} */
export const fetchRoom = async (id) => rememberRoom(await api.room(id));

/** The room that one has with somebody, made if need be. @param {string} userId @returns {Promise<Room>} */
export const roomWith = async (userId) => rememberRoom(await api.openRoom(userId));

/** @param {Message} message */
async function heard(message) {
  const room = rooms.peek().get(message.room_id) ?? (await fetchRoom(message.room_id).catch(() => null));
  if (!room || (room.last_message && room.last_message.id >= message.id)) return;
  const unread = message.sender.id !== account.peek()?.id;
  rememberRoom({ ...room, last_message: message, unread_count: room.unread_count + (unread ? 1 : 0) });
}

/** @type {Map<string, string>} the message up to which a room is to be marked, while a request is under way */
const marking = new Map();

/** Mark a room as read, by one request at a time. @param {string} id @param {string} messageId */
export async function readUpTo(id, messageId) {
  amendRoom(id, { unread_count: 0 });
  const busy = marking.has(id);
  marking.set(id, messageId);
  if (busy) return;
  for (let done = ""; done !== marking.get(id); ) {
    done = /** @type {string} */ (marking.get(id));
    await api.markRead(id, done).then(rememberRoom, () => {}); // the next message that is seen repeats it
  }
  marking.delete(id);
}
