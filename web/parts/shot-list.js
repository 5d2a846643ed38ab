/** The photos of a post, which can be described, put in order with buttons or by dragging, and removed. */

import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { html, h } from "../html.js";
import { t } from "../words/words.js";
import { Icon } from "./icon.js";
import { announce } from "./toast.js";

const LONGEST_ALT = 1000;
const DRAGGED_TYPE = "application/x-shutter-photo";

/**
 * @typedef {{key: string, alt: string, picture: unknown, more?: unknown, stays?: boolean}} Item
 * `picture` shows it, `more` is shown below its description; one that `stays` cannot be removed.
 */

/**
 * @param {{
 *   items: Item[], onMove: (key: string, to: number) => void, onDescribe: (key: string, alt: string) => void,
 *   onRemove: (key: string) => void,
 * }} props
 */
export function ShotList({ items, onMove, onDescribe, onRemove }) {
  const [dragged, setDragged] = useState("");
  const list = useRef(/** @type {HTMLOListElement | null} */ (null));
  const pressed = useRef(/** @type {{key: string, name: string} | null} */ (null));
  useLayoutEffect(() => {
    // The button that was pressed keeps the focus, though its photo is in another place; at an end the other one gets it.
    const { key, name } = pressed.current ?? {};
    pressed.current = null;
    const buttons = key && list.current?.querySelectorAll(`[data-key="${CSS.escape(key)}"] .shot-move:not(:disabled)`);
    const found = [...(buttons || [])].find((each) => each.getAttribute("name") === name) ?? (buttons || [])[0];
    if (found instanceof HTMLElement) found.focus();
  });
  /** @param {string} key @param {number} to */
  const put = (key, to) => {
    onMove(key, to);
    announce(t("compose.moved", { index: to + 1, count: items.length }));
  };
  /** @param {string} key @param {"up" | "down"} name @param {number} to */
  const press = (key, name, to) => {
    pressed.current = { key, name };
    put(key, to);
  };
  return html`
    <ol class="shots plain-list" ref=${list}>
      ${items.map(({ key, alt, picture, more, stays }, index) => html`
        <li class="shot ${dragged === key ? "shot-dragged" : ""}" key=${key} data-key=${key} draggable=${true}
          onDragStart=${(/** @type {DragEvent} */ event) => {
            event.dataTransfer?.setData(DRAGGED_TYPE, key); // not text, which a text field would take
            setDragged(key);
          }}
          onDragEnd=${() => setDragged("")}
          onDragOver=${(/** @type {DragEvent} */ event) => dragged && event.preventDefault()}
          onDrop=${(/** @type {DragEvent} */ event) => dragged && event.preventDefault()}
          onDragEnter=${() => dragged && dragged !== key && put(dragged, index)}>
          <div class="shot-picture">${picture}</div>
          <div class="shot-text">
            <label for=${`alt-${key}`}>${t("compose.alt", { index: index + 1 })}</label>
            <textarea id=${`alt-${key}`} rows="2" maxlength=${LONGEST_ALT} dir="auto" value=${alt} placeholder=${t("compose.alt.example")}
              onInput=${(/** @type {InputEvent & {currentTarget: HTMLTextAreaElement}} */ event) => onDescribe(key, event.currentTarget.value)}></textarea>
            ${more}
          </div>
          <div class="shot-buttons">
            <button type="button" name="up" class="icon-button shot-move" disabled=${index === 0} aria-label=${t("compose.earlier", { index: index + 1 })} onClick=${() => press(key, "up", index - 1)}>${h(Icon, { name: "up" })}</button>
            <button type="button" name="down" class="icon-button shot-move" disabled=${index === items.length - 1} aria-label=${t("compose.later", { index: index + 1 })} onClick=${() => press(key, "down", index + 1)}>${h(Icon, { name: "down" })}</button>
            <button type="button" class="icon-button" disabled=${stays} aria-label=${t("compose.remove", { index: index + 1 })} onClick=${() => onRemove(key)}>${h(Icon, { name: "trash" })}</button>
          </div>
        </li>`)}
    </ol>`;
}
