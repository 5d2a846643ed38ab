/** The chosen photos: described, put in order by buttons or by dragging, taken away. */

import { useState } from "preact/hooks";
import { h, html } from "../../html.js";
import { Icon } from "../../parts/icon.js";
import { announce } from "../../parts/toast.js";
import { describe, move, take } from "../../state/uploads.js";
import { t } from "../../words/words.js";

const LONGEST_ALT = 1000;

/** @param {{list: import("../../state/uploads.js").Shot[]}} props */
export function ShotList({ list }) {
  const [dragged, setDragged] = useState("");
  /** @param {string} key @param {number} to */
  const put = (key, to) => {
    void move(key, to);
    announce(t("compose.moved", { index: to + 1, count: list.length }));
  };
  return html`
    <ol class="shots plain-list">
      ${list.map((shot, index) => html`
        <li class="shot ${dragged === shot.key ? "shot-dragged" : ""}" key=${shot.key} draggable=${true}
          onDragStart=${(/** @type {DragEvent} */ event) => {
            event.dataTransfer?.setData("text/plain", shot.key);
            setDragged(shot.key);
          }}
          onDragEnd=${() => setDragged("")}
          onDragEnter=${() => dragged && dragged !== shot.key && put(dragged, index)}>
          <div class="shot-picture"><img src=${shot.preview} alt=${shot.alt} draggable="false" /></div>
          <div class="shot-text">
            <label for=${`alt-${shot.key}`}>${t("compose.alt", { index: index + 1 })}</label>
            <textarea id=${`alt-${shot.key}`} rows="2" maxlength=${LONGEST_ALT} dir="auto" value=${shot.alt} placeholder=${t("compose.alt.example")}
              onInput=${(/** @type {any} */ event) => describe(shot.key, event.target.value)}></textarea>
            ${shot.reason && html`<p class="problem" role="alert"><bdi>${shot.file.name}</bdi>: ${shot.reason}</p>`}
          </div>
          <div class="shot-buttons">
            <button type="button" class="icon-button" disabled=${index === 0} aria-label=${t("compose.earlier", { index: index + 1 })} onClick=${() => put(shot.key, index - 1)}>${h(Icon, { name: "up" })}</button>
            <button type="button" class="icon-button" disabled=${index === list.length - 1} aria-label=${t("compose.later", { index: index + 1 })} onClick=${() => put(shot.key, index + 1)}>${h(Icon, { name: "down" })}</button>
            <button type="button" class="icon-button" aria-label=${t("compose.remove", { index: index + 1 })} onClick=${() => take(shot.key)}>${h(Icon, { name: "trash" })}</button>
          </div>
        </li>`)}
    </ol>`;
}
