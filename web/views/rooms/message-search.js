/** Searching the texts of one's own conversations; the list of conversations is its content while nothing is searched. */

import { useEffect, useState } from "preact/hooks";
import * as api from "../../api.js";
import { h, html } from "../../html.js";
import { asProblem } from "../../http.js";
import { Avatar } from "../../parts/avatar.js";
import { Icon } from "../../parts/icon.js";
import { Empty, ListEnd, Spinner } from "../../parts/list.js";
import { Time } from "../../parts/text.js";
import { announce } from "../../parts/toast.js";
import { replaceAddress } from "../../router.js";
import { account } from "../../session.js";
import { List } from "../../state/lists.js";
import { fetchRoom, roomById } from "../../state/rooms.js";
import { t } from "../../words/words.js";

const PAUSE_MS = 300;
const MAX_LENGTH = 100;

/** @param {{query: URLSearchParams, path?: string, children?: any}} props `path` is that of the view */
export function MessageSearch({ query, path = "/messages", children }) {
  const [typed, setTyped] = useState(query.get("q") ?? "");
  const text = typed.trim();
  useEffect(() => replaceAddress(text ? `${path}?q=${encodeURIComponent(text)}` : path), [text]);
  return html`
    <form class="search rooms-search" role="search" onSubmit=${(/** @type {Event} */ event) => event.preventDefault()}>
      ${h(Icon, { name: "search" })}
      <input type="search" value=${typed} maxlength=${MAX_LENGTH} autocomplete="off" dir="auto" aria-label=${t("messages.search")} placeholder=${t("messages.search")}
        onInput=${(/** @type {any} */ event) => setTyped(event.target.value)} />
    </form>
    ${text ? h(Found, { text }) : children}`;
}

/** @param {{text: string}} props */
function Found({ text }) {
  const [list, setList] = useState(/** @type {List<Message> | null} */ (null));
  useEffect(() => {
    const stop = new AbortController();
    const timer = setTimeout(async () => {
      const fresh = new List((cursor) => api.searchMessages(text, cursor, stop.signal));
      await fresh.more(true);
      if (stop.signal.aborted || asProblem(fresh.problem.value).code === "cancelled") return;
      setList(fresh);
      announce(t("messages.found", { count: fresh.items.value.length }));
    }, PAUSE_MS);
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
  }, [text]);
  if (!list) return h(Spinner, {});
  return html`
    <ul class="plain-list" aria-label=${t("messages.results")}>${list.items.value.map((message) => h(FoundRow, { key: message.id, message, text }))}</ul>
    ${h(ListEnd, { list, quiet: true, empty: h(Empty, { icon: "search", title: t("messages.none", { text }) }) })}`;
}

/** A message with the person of its conversation. @param {{message: Message, text: string}} props */
function FoundRow({ message, text }) {
  const room = roomById(message.room_id);
  useEffect(() => void (room ?? fetchRoom(message.room_id).catch(() => {})), [message.room_id]);
  const peer = room?.peer ?? message.sender;
  return html`
    <li><a class="room-row" href=${`/messages/${message.room_id}?m=${message.id}&q=${encodeURIComponent(text)}`}>
      ${h(Avatar, { person: peer })}
      <span class="room-text">
        <span class="room-line"><span class="name"><bdi>${peer.name ?? t("person.deleted")}</bdi></span><span class="quiet room-time">${h(Time, { iso: message.created_at })}</span></span>
        <span class="room-found" dir="auto">${message.sender.id === account.value?.id ? t("rooms.you", { text: message.text ?? "" }) : message.text}</span>
      </span>
    </a></li>`;
}
