/** The menu of a conversation. */

import * as api from "../../api.js";
import { h } from "../../html.js";
import { Menu } from "../../parts/menu.js";
import { toast, toastProblem } from "../../parts/toast.js";
import { go } from "../../router.js";
import { amendRoom, rememberRoom } from "../../state/rooms.js";
import { t } from "../../words/words.js";

/** @param {{room: Room}} props */
export function RoomMenu({ room }) {
  const mute = () => api.muteRoom(room.id, !room.muted).then(rememberRoom, toastProblem);
  const hide = async () => {
    try {
      await api.hideRoom(room.id);
    } catch (error) {
      toastProblem(error);
      return;
    }
    amendRoom(room.id, { hidden: true });
    toast(t("room.hidden"));
    void go("/messages", { replace: true });
  };
  return h(Menu, {
    label: t("room.menu"),
    entries: [
      { label: t(room.muted ? "room.unmute" : "room.mute"), icon: room.muted ? "chat" : "muted", act: mute },
      { label: t("room.hide"), icon: "close", act: hide },
    ],
  });
}
