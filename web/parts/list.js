/** The end of a list: loads more when it comes near the screen, or with a button. */

import { useEffect, useRef } from "preact/hooks";
import { h, html } from "../html.js";
import { explain, t } from "../words/words.js";
import { Icon } from "./icon.js";

const AHEAD = "1200px 0px";

/** @param {{list: import("../state/lists.js").List<any>, empty?: any, quiet?: boolean}} props `empty` is shown for an empty list */
export function ListEnd({ list, empty = null, quiet = false }) {
  const end = useRef(/** @type {HTMLDivElement | null} */ (null));
  const state = list.state.value;
  const nothing = list.started.value && !list.items.value.length;
  useEffect(() => {
    if (!end.current || state !== "ready" || !list.started.peek()) return;
    const seen = new IntersectionObserver((entries) => {
      if (entries.some((entry) => entry.isIntersecting)) void list.more();
    }, { rootMargin: AHEAD });
    seen.observe(end.current);
    return () => seen.disconnect();
  }, [list, state, list.items.value.length]);
  return html`
    <div class="list-end" ref=${end} key=${String(list.started.value)}>
      ${state === "loading" && h(Spinner, {})}
      ${state === "failed" && list.problem.value && html`
        <p class="problem" role="alert">${explain(list.problem.value)}</p>
        <button type="button" class="button button-quiet" onClick=${() => list.more(!list.started.value)}>${t("retry")}</button>`}
      ${state === "ready" && list.started.value && html`
        <button type="button" class="button button-quiet" onClick=${() => list.more()}>${t("list.more")}</button>`}
      ${state === "done" && (nothing ? empty : !quiet && html`<p class="quiet list-over">${t("list.over")}</p>`)}
    </div>`;
}

export const Spinner = () => html`<p class="spinner" role="status"><span class="visually-hidden">${t("loading")}</span></p>`;

/** @param {{icon: Parameters<typeof Icon>[0]["name"], title: string, text?: string, children?: any}} props */
export const Empty = ({ icon, title, text = "", children = null }) => html`
  <div class="empty">${h(Icon, { name: icon })}<h2>${title}</h2>${text && html`<p>${text}</p>`}${children}</div>`;
