/** The list of conversations; next to it, on wide screens, the open one. */

import { useEffect, useState } from "preact/hooks";
import * as api from "../../api.js";
import { h, html } from "../../html.js";
import { Avatar } from "../../parts/avatar.js";
import { Dialog } from "../../parts/dialog.js";
import { Icon } from "../../parts/icon.js";
import { Empty, Spinner } from "../../parts/list.js";
import { Time } from "../../parts/text.js";
import { toastProblem } from "../../parts/toast.js";
import { Head } from "../../parts/view.js";
import { go } from "../../router.js";
import { account } from "../../session.js";
import { pending } from "../../state/outbox.js";
import { loadRooms, requestList, roomList, roomsState, roomWith } from "../../state/rooms.js";
import { compact, t } from "../../words/words.js";
import { MessageSearch } from "./message-search.js";

/** @param {{query: URLSearchParams}} props */
export default function Rooms({ query }) {
  return html`
    <div class="rooms">
      <section class="rooms-list">${h(Head, { title: t("rooms.title") }, h(NewRoom, {}))}${h(MessageSearch, { query }, h(RoomList, { current: "" }))}</section>
      <section class="rooms-beside" aria-hidden="true">${h(Empty, { icon: "chat", title: t("rooms.choose") })}</section>
    </div>`;
}

/** @param {{current: string}} props the id of the room that is open */
export function RoomList({ current }) {
  useEffect(() => void loadRooms().catch(toastProblem), []);
  const rooms = roomList.value;
  const requests = requestList.value.length;
  if (!rooms.length && roomsState.value !== "known") return h(Spinner, {});
  return html`
    ${requests > 0 && html`<a class="requests-link" href="/messages/requests">${t("requests.title")}<span class="badge" aria-hidden="true">${compact(requests)}</span><span class="visually-hidden">${t("requests.link", { count: requests })}</span></a>`}
    ${rooms.length
      ? html`<ul class="plain-list">${rooms.map((room) => h(RoomRow, { key: room.id, room, current: room.id === current }))}</ul>`
      : h(Empty, { icon: "chat", title: t("rooms.empty.title"), text: t("rooms.empty.text") })}`;
}

/** @param {{room: Room, current: boolean, children?: any}} props */
export function RoomRow({ room, current, children = null }) {
  const last = room.last_message;
  const name = room.peer.name ?? t("person.deleted");
  const waiting = pending.value.some((each) => each.roomId === room.id);
  return html`
    <li>
      <a class="room-row ${room.unread_count ? "unread" : ""}" href=${`/messages/${room.id}`} aria-current=${current ? "page" : undefined}>
        ${h(Avatar, { person: room.peer })}
        <span class="room-text">
          <span class="room-line"><span class="name"><bdi>${name}</bdi></span>${room.muted && html`<span class="quiet">${h(Icon, { name: "muted" })}<span class="visually-hidden">${t("room.muted")}</span></span>`}${last && html`<span class="quiet room-time">${h(Time, { iso: last.created_at })}</span>`}</span>
          <span class="room-line"><span class="quiet room-last" dir="auto">${waiting ? t("room.waiting") : last ? summary(last) : t("rooms.nothing")}</span>
            ${room.unread_count > 0 && html`<span class="badge"><span aria-hidden="true">${compact(room.unread_count)}</span><span class="visually-hidden">${t("rooms.unread", { count: room.unread_count })}</span></span>`}</span>
        </span>
      </a>
      ${children}
    </li>`;
}

/** @param {Message} message @returns {string} in one line */
function summary(message) {
  const text = message.removed ? t("message.removed") : message.type === "text" ? (message.text ?? "") : t(`message.${message.type}`);
  return message.sender.id === account.value?.id ? t("rooms.you", { text }) : text;
}

/** The search for a user to start a conversation with. */
export function NewRoom() {
  const [open, setOpen] = useState(false);
  return html`
    <button type="button" class="icon-button" aria-label=${t("rooms.new")} aria-haspopup="dialog" onClick=${() => setOpen(true)}>${h(Icon, { name: "edit" })}</button>
    ${open && h(Search, { onClose: () => setOpen(false) })}`;
}

/** @param {{onClose: () => void}} props */
function Search({ onClose }) {
  const [text, setText] = useState("");
  const [found, setFound] = useState(/** @type {Profile[]} */ ([]));
  useEffect(() => {
    if (!text.trim()) return setFound([]);
    const stop = new AbortController();
    const timer = setTimeout(() => api.people(text.trim(), null, stop.signal).then(({ items }) => setFound(items), () => {}), 200);
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
  }, [text]);
  /** @param {Profile} person */
  const start = async (person) => {
    try {
      const room = await roomWith(person.id);
      onClose();
      await go(`/messages/${room.id}`);
    } catch (error) {
      toastProblem(error);
    }
  };
  return h(Dialog, { title: t("rooms.new"), onClose }, html`
    <div class="search">${h(Icon, { name: "search" })}<input type="search" value=${text} autofocus autocomplete="off" dir="auto" aria-label=${t("search.label")} placeholder=${t("search.label")} onInput=${(/** @type {any} */ event) => setText(event.target.value)} /></div>
    <ul class="plain-list">
      ${found.filter((person) => person.id !== account.value?.id).map((person) => html`
        <li key=${person.id}><button type="button" class="row-button" onClick=${() => start(person)}>${h(Avatar, { person })}
          <span class="person-text"><span class="name"><bdi>${person.name}</bdi></span><span class="quiet">@${person.nickname}</span></span></button></li>`)}
    </ul>`);
}
