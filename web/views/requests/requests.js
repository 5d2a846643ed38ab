/** The first messages of people whom one does not follow, until they are answered. */

import { useEffect } from "preact/hooks";
import { h, html } from "../../html.js";
import { Empty, Spinner } from "../../parts/list.js";
import { RequestActions } from "../../parts/request-actions.js";
import { toastProblem } from "../../parts/toast.js";
import { Head } from "../../parts/view.js";
import { loadRooms, requestList, roomsState } from "../../state/rooms.js";
import { t } from "../../words/words.js";
import { RoomRow } from "../rooms/rooms.js";

export default function Requests() {
  useEffect(() => void loadRooms().catch(toastProblem), []);
  const rooms = requestList.value;
  const empty = roomsState.value === "known" ? h(Empty, { icon: "chat", title: t("requests.empty.title"), text: t("requests.empty.text") }) : h(Spinner, {});
  return html`
    <section class="page">
      ${h(Head, { title: t("requests.title"), backTo: "/messages" })}
      ${rooms.length ? html`<ul class="plain-list">${rooms.map((room) => html`<${RoomRow} key=${room.id} room=${room} current=${false}>${h(RequestActions, { room })}<//>`)}</ul>` : empty}
    </section>`;
}
