/** The layout of a view: tab title, heading, and back link. */

import { useEffect } from "preact/hooks";
import { h, html } from "../html.js";
import { back } from "../router.js";
import { unreadCount } from "../state/rooms.js";
import { t } from "../words/words.js";
import { Icon } from "./icon.js";

/** @param {string} title */
export function useTitle(title) {
  const unread = unreadCount.value;
  useEffect(() => {
    document.title = `${unread ? `(${unread}) ` : ""}${title ? `${title} · ` : ""}Shutter`;
  }, [title, unread]);
}

/** @param {{title: string, backTo?: string, hidden?: boolean, children?: any}} props `hidden`: the heading is for screen readers alone */
export function Head({ title, backTo = "", hidden = false, children = null }) {
  useTitle(title);
  return html`
    <header class="view-head ${hidden && !backTo && !children ? "visually-hidden" : ""}">
      ${backTo && html`<button type="button" class="icon-button" aria-label=${t("back")} onClick=${() => back(backTo)}>${h(Icon, { name: "back" })}</button>`}
      <h1 class=${hidden ? "visually-hidden" : ""}>${title}</h1>
      ${children}
    </header>`;
}
