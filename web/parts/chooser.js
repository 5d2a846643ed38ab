/** Selecting photos: with a button, by dropping them anywhere on the page, or by pasting them. */

import { useEffect, useRef, useState } from "preact/hooks";
import { h, html } from "../html.js";
import { t } from "../words/words.js";
import { Icon } from "./icon.js";

const TYPES = "image/jpeg,image/png,image/webp,image/gif,image/heic,image/heif,image/avif,.heic,.heif";

/** @param {{many: number, onChoose: (files: File[]) => void}} props `many` is the number of selected ones */
export function Chooser({ many, onChoose }) {
  const chosen = useRef(onChoose);
  chosen.current = onChoose;
  const input = useRef(/** @type {HTMLInputElement | null} */ (null));
  const [over, setOver] = useState(false);
  useEffect(() => {
    /** @param {DataTransfer | null} data */
    const files = (data) => Array.from(data?.files ?? []);
    /** @param {DragEvent} event */
    const onDrag = (event) => {
      if (!event.dataTransfer?.types.includes("Files")) return;
      event.preventDefault();
      setOver(event.type === "dragover");
      if (event.type === "drop") chosen.current(files(event.dataTransfer));
    };
    /** @param {ClipboardEvent} event */
    const onPaste = (event) => {
      if (files(event.clipboardData).length) chosen.current(files(event.clipboardData));
    };
    const drags = /** @type {const} */ (["dragover", "dragleave", "drop"]);
    drags.forEach((name) => addEventListener(name, onDrag));
    addEventListener("paste", onPaste);
    return () => {
      drags.forEach((name) => removeEventListener(name, onDrag));
      removeEventListener("paste", onPaste);
    };
  }, []);
  /** @param {any} event */
  const onChange = (event) => {
    onChoose(Array.from(event.target.files));
    event.target.value = "";
  };
  return html`
    <div class="chooser ${over ? "chooser-over" : ""} ${many ? "chooser-small" : ""}">
      ${h(Icon, { name: "image" })}
      <p>${t("compose.drop")}</p>
      <input ref=${input} type="file" hidden multiple accept=${TYPES} onChange=${onChange} />
      <button type="button" class="button ${many ? "button-quiet" : ""}" onClick=${() => input.current?.click()}>${many ? t("compose.add") : t("compose.choose")}</button>
    </div>`;
}
