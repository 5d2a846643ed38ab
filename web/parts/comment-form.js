/** The field in which a comment is written or changed. */

import { useEffect, useRef, useState } from "preact/hooks";
import { h, html } from "../html.js";
import { read, remove, write } from "../storage.js";
import { t } from "../words/words.js";
import { Icon } from "./icon.js";
import { isSubmit, useGrowing } from "./field.js";

const MOST = 1000;

/**
 * @param {{
 *   label: string, submit: string, onSubmit: (text: string) => Promise<boolean>, initial?: string,
 *   field?: {current: HTMLTextAreaElement | null}, draft?: string, onCancel?: () => void,
 * }} props `draft` is the name under which unfinished text is kept
 */
export function CommentForm({ label, submit, onSubmit, initial = "", field, draft, onCancel }) {
  const own = useRef(/** @type {HTMLTextAreaElement | null} */ (null));
  const area = field ?? own;
  const [text, setText] = useState(initial);
  useGrowing(area, text);
  useEffect(() => {
    if (draft) void read("drafts", draft).then((kept) => kept && setText((now) => now || kept)).catch(() => {});
    if (onCancel) area.current?.focus();
  }, [draft]);
  /** @param {string} changed */
  const change = (changed) => {
    setText(changed);
    if (draft) void (changed ? write("drafts", draft, changed) : remove("drafts", draft)).catch(() => {});
  };
  /** @param {Event} [event] */
  const send = async (event) => {
    event?.preventDefault();
    const given = text.trim();
    if (!given) return onCancel?.();
    change("");
    if (!(await onSubmit(given))) change(given);
  };
  return html`
    <form class="comment-form" onSubmit=${send}>
      <textarea ref=${area} rows="1" maxlength=${MOST} dir="auto" aria-label=${label} placeholder=${label} value=${text}
        onInput=${(/** @type {any} */ event) => change(event.target.value)}
        onKeyDown=${(/** @type {KeyboardEvent} */ event) => {
          if (isSubmit(event)) void send(event);
          if (event.key === "Escape") onCancel?.();
        }}></textarea>
      ${onCancel && html`<button type="button" class="button button-quiet button-small" onClick=${onCancel}>${t("cancel")}</button>`}
      <button type="submit" class="icon-button send" disabled=${!text.trim()} aria-label=${submit} title=${submit}>${h(Icon, { name: "send" })}</button>
    </form>`;
}
