/** The answers to a message request: accept, decline, block. */

import * as api from "../api.js";
import { html } from "../html.js";
import { amendRoom, rememberRoom } from "../state/rooms.js";
import { restrict } from "../state/relations.js";
import { t } from "../words/words.js";
import { toast, toastProblem } from "./toast.js";

/** @param {{room: Room, onDeclined?: () => void}} props */
export function RequestActions({ room, onDeclined = () => {} }) {
  const name = room.peer.name ?? t("person.deleted");
  const accept = () => api.acceptRoom(room.id, true).then(rememberRoom, toastProblem);
  const decline = async () => {
    try {
      await api.acceptRoom(room.id, false);
    } catch (error) {
      toastProblem(error);
      return;
    }
    amendRoom(room.id, { hidden: true });
    toast(t("request.declined"));
    onDeclined();
  };
  const block = async () => {
    const { confirm } = await import("./dialog.js");
    if (!(await confirm(t("profile.block.title", { name }), t("profile.block.text", { name }), t("profile.block")))) return;
    if (await restrict("block", room.peer.id, true)) await decline();
  };
  return html`
    <p class="request-actions">
      ${!room.closed && html`<button type="button" class="button button-small" aria-label=${t("request.accept.name", { name })} onClick=${accept}>${t("request.accept")}</button>`}
      <button type="button" class="button button-quiet button-small" aria-label=${t("request.decline.name", { name })} onClick=${decline}>${t("request.decline")}</button>
      ${!room.peer.deleted && html`<button type="button" class="button button-quiet button-small" aria-label=${t("request.block.name", { name })} onClick=${block}>${t("profile.block")}</button>`}
    </p>`;
}
