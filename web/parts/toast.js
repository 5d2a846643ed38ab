/** Short notices at the edge of the screen, and announcements for screen readers. */

import { signal } from "@preact/signals";
import { asProblem } from "../http.js";
import { h, html } from "../html.js";
import { explained, t } from "../words/words.js";
import { Icon } from "./icon.js";

const SHOWN_MS = 6000;

/** @typedef {{id: number, text: string, tone: "plain" | "bad", action?: {label: string, act: () => void}}} Notice */
/** @type {import("@preact/signals").Signal<Notice[]>} */
const notices = signal([]);
const spoken = signal("");
let made = 0;

/** @param {string} text @param {Partial<Pick<Notice, "tone" | "action">>} [more] */
export function toast(text, { tone = "plain", action } = {}) {
  const notice = { id: ++made, text, tone, action };
  notices.value = [...notices.value.filter((each) => each.text !== text).slice(-2), notice];
  setTimeout(() => dismiss(notice.id), SHOWN_MS);
}

/** Show an error. @param {unknown} error */
export function toastProblem(error) {
  const problem = asProblem(error);
  if (problem.code !== "cancelled") void explained(problem).then((text) => toast(text, { tone: "bad" }));
}

/** Announce a text to screen readers (polite). @param {string} text */
export function announce(text) {
  spoken.value = spoken.value === text ? `${text}\u00a0` : text;
}

/** @param {number} id */
function dismiss(id) {
  notices.value = notices.value.filter((notice) => notice.id !== id);
}

export function Notices() {
  return html`
    <div class="notices" role="status" aria-live="polite">
      ${notices.value.map(({ id, text, tone, action }) => html`
        <div key=${id} class="notice notice-${tone}">
          <span>${text}</span>
          ${action && html`<button class="link" onClick=${() => (dismiss(id), action.act())}>${action.label}</button>`}
          <button class="icon-button" onClick=${() => dismiss(id)} aria-label=${t("close")}>${h(Icon, { name: "close" })}</button>
        </div>`)}
    </div>
    <div class="visually-hidden" role="status" aria-live="polite">${spoken}</div>`;
}
