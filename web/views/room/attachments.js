/** The photos of the next message, each with its description. */

import { useEffect, useRef, useState } from "preact/hooks";
import { h, html } from "../../html.js";
import { Icon } from "../../parts/icon.js";
import { LocalPhoto } from "../../parts/local-photo.js";
import { toast } from "../../parts/toast.js";
import { reasonAgainst } from "../../state/limits.js";
import { randomKey } from "../../storage.js";
import { t } from "../../words/words.js";

const LONGEST_ALT = 1000;

/** @typedef {{key: string, file: File, preview: string, alt: string}} Attachment */

/** The selected photos, until they are sent or removed. */
export function useAttachments() {
  const [list, setList] = useState(/** @type {Attachment[]} */ ([]));
  const previews = useRef(/** @type {string[]} */ ([]));
  useEffect(() => () => previews.current.forEach((each) => URL.revokeObjectURL(each)), []);

  /** @param {Iterable<File>} files */
  const add = async (files) => {
    for (const file of files) {
      const reason = await reasonAgainst(file);
      if (reason) toast(`${file.name}: ${reason}`, { tone: "bad" });
      else {
        const preview = URL.createObjectURL(file);
        previews.current.push(preview);
        setList((before) => [...before, { key: randomKey(), file, preview, alt: "" }]);
      }
    }
  };
  /** @param {string} key @param {string} alt */
  const describe = (key, alt) => setList((before) => before.map((each) => (each.key === key ? { ...each, alt } : each)));
  /** @param {string} key */
  const remove = (key) => setList((before) => before.filter((each) => each.key !== key));
  return { list, add, describe, remove, clear: () => setList([]) };
}

/** @param {{list: Attachment[], onDescribe: (key: string, alt: string) => void, onRemove: (key: string) => void}} props */
export function Attachments({ list, onDescribe, onRemove }) {
  if (!list.length) return null;
  return html`
    <ul class="attachments plain-list" aria-label=${t("composer.photos")}>
      ${list.map(({ key, preview, alt }, index) => html`
        <li class="attachment" key=${key}>
          ${h(LocalPhoto, { src: preview, alt, className: "attachment-picture" })}
          <div class="attachment-text">
            <label for=${`alt-${key}`}>${t("compose.alt", { index: index + 1 })}</label>
            <textarea id=${`alt-${key}`} rows="1" maxlength=${LONGEST_ALT} dir="auto" value=${alt} placeholder=${t("compose.alt.example")}
              onInput=${(/** @type {any} */ event) => onDescribe(key, event.target.value)}></textarea>
          </div>
          <button type="button" class="icon-button icon-button-small" aria-label=${t("compose.remove", { index: index + 1 })} onClick=${() => onRemove(key)}>${h(Icon, { name: "close" })}</button>
        </li>`)}
    </ul>`;
}
