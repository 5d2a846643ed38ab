/** One conversation. */

import { useEffect, useRef, useState } from "preact/hooks";
import { h, html } from "../../html.js";
import { asProblem } from "../../http.js";
import { Avatar } from "../../parts/avatar.js";
import { Icon } from "../../parts/icon.js";
import { Spinner } from "../../parts/list.js";
import { RequestActions } from "../../parts/request-actions.js";
import { useTitle } from "../../parts/view.js";
import { back, go } from "../../router.js";
import { conversationOf } from "../../state/conversation.js";
import { fetchRoom, openRoomId, roomById } from "../../state/rooms.js";
import { isWriting } from "../../state/typing.js";
import { explain, t } from "../../words/words.js";
import NotFound from "../notfound/notfound.js";
import { MessageSearch } from "../rooms/message-search.js";
import { NewRoom, RoomList } from "../rooms/rooms.js";
import { Composer } from "./composer.js";
import { Log } from "./log.js";
import { RoomMenu } from "./room-menu.js";

/** @param {{params: {id: string}, query: URLSearchParams}} props */
export default function RoomView({ params: { id }, query }) {
  return html`
    <div class="rooms rooms-open">
      <section class="rooms-list" aria-label=${t("rooms.title")}>
        <div class="view-head"><h2>${t("rooms.title")}</h2>${h(NewRoom, {})}</div>${h(MessageSearch, { query, path: `/messages/${id}` }, h(RoomList, { current: id }))}</section>
      ${h(Open, { key: id, id, found: query.get("m") })}
    </div>`;
}

/** @param {{id: string, found: string | null}} props */
function Open({ id, found }) {
  const [problem, setProblem] = useState(/** @type {import("../../http.js").Problem | null} */ (null));
  const [reply, setReply] = useState(/** @type {Message | null} */ (null));
  const field = useRef(/** @type {HTMLTextAreaElement | null} */ (null));
  const room = roomById(id);
  const name = room ? (room.peer.name ?? t("person.deleted")) : t("rooms.title");
  useTitle(name);
  const load = () => {
    setProblem(null);
    fetchRoom(id).catch((error) => setProblem(asProblem(error)));
  };
  useEffect(() => {
    load();
    if (!found) void conversationOf(id).catchUp().catch(() => {});
    openRoomId.value = id;
    return () => {
      openRoomId.value = null;
    };
  }, [id]);
  if (problem?.status === 404) return h(NotFound, { title: t("room.gone.title"), text: t("room.gone.text") });
  /** @param {Message} message */
  const answer = (message) => {
    setReply(message);
    field.current?.focus();
  };
  return html`
    <section class="room" aria-label=${name}>
      <header class="room-head">
        <button type="button" class="icon-button room-back" aria-label=${t("back")} onClick=${() => back("/messages")}>${h(Icon, { name: "back" })}</button>
        ${room && h(Avatar, { person: room.peer, size: "small" })}
        <h1>${room?.peer.nickname ? html`<a href=${`/@${room.peer.nickname}`}><bdi>${name}</bdi></a>` : name}</h1>
        ${room?.state === "open" && h(RoomMenu, { room })}
      </header>
      ${problem && html`<p class="problem" role="alert">${explain(problem)} <button type="button" class="link" onClick=${load}>${t("retry")}</button></p>`}
      ${room ? h(Log, { room, found, onAnswer: room.closed || room.state === "request" ? null : answer }) : !problem && h(Spinner, {})}
      <p class="typing quiet" role="status">${room && isWriting(id) && t("room.typing", { name })}</p>
      ${room?.closed && html`<p class="room-closed" role="note">${t(room.peer.deleted ? "room.closed" : "room.suspended")}</p>`}
      ${room?.state === "request" && html`
        <section class="request" aria-label=${t("requests.title")}>
          ${!room.closed && html`<p class="quiet">${t("request.text", { name })}</p>`}
          ${h(RequestActions, { room, onDeclined: () => void go("/messages", { replace: true }) })}</section>`}
      ${room?.state === "open" && !room.closed && h(Composer, { roomId: id, name, field, reply, onReplied: () => setReply(null) })}
    </section>`;
}
