/** The dialog that selects the receiver of a shared post. */

import { useEffect } from "preact/hooks";
import { h, html } from "../html.js";
import { sendMessage } from "../state/outbox.js";
import { loadRooms, roomList } from "../state/rooms.js";
import { t } from "../words/words.js";
import { Avatar } from "./avatar.js";
import { Dialog } from "./dialog.js";
import { toast } from "./toast.js";

/** @param {{post: Post, onClose: () => void}} props */
export function ShareDialog({ post, onClose }) {
  useEffect(() => void loadRooms().catch(() => {}), []);
  const open = roomList.value.filter((room) => !room.closed);
  /** @param {Room} room */
  const send = async (room) => {
    onClose();
    await sendMessage(room.id, { type: "post", post_id: post.id });
    toast(t("share.sent", { name: room.peer.name ?? "" }));
  };
  return h(Dialog, { title: t("share.title"), onClose }, html`
    <ul class="plain-list">
      ${open.map((room) => html`
        <li key=${room.id}><button type="button" class="row-button" onClick=${() => send(room)}>
          ${h(Avatar, { person: room.peer })}<span class="name"><bdi>${room.peer.name}</bdi></span></button></li>`)}
    </ul>
    ${!open.length && html`<p class="quiet">${t("share.nobody")}</p>`}`);
}
