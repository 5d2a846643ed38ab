/** A native dialog, opened when it is shown and closed by Escape, by its button, or by a click outside. */

import { render } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";
import { h, html } from "../html.js";
import { t } from "../words/words.js";
import { Icon } from "./icon.js";

/** @param {{title: string, onClose: () => void, children?: any, wide?: boolean}} props */
export function Dialog({ title, onClose, children = null, wide = false }) {
  const element = useRef(/** @type {HTMLDialogElement | null} */ (null));
  const label = useId();
  useEffect(() => {
    const before = document.activeElement;
    element.current?.showModal();
    return () => {
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);
  /** @param {MouseEvent} event */
  const beside = (event) => event.target === element.current && onClose();
  return html`
    <dialog ref=${element} class="dialog ${wide ? "dialog-wide" : ""}" aria-labelledby=${label} onClose=${onClose} onMouseDown=${beside}>
      <div class="dialog-body">
        <header class="dialog-head">
          <h2 id=${label}>${title}</h2>
          <button type="button" class="icon-button" onClick=${() => element.current?.close()} aria-label=${t("close")}>${h(Icon, { name: "close" })}</button>
        </header>
        ${children}
      </div>
    </dialog>`;
}

/**
 * Ask for confirmation of an action that cannot be undone.
 * @param {string} title @param {string} text @param {string} yes @returns {Promise<boolean>}
 */
export function confirm(title, text, yes) {
  const place = document.body.appendChild(document.createElement("div"));
  return new Promise((resolve) => {
    /** @param {boolean} given */
    const answer = (given) => {
      render(null, place);
      place.remove();
      resolve(given);
    };
    render(h(Dialog, { title, onClose: () => answer(false) }, html`
      <p>${text}</p>
      <div class="dialog-actions">
        <button type="button" class="button button-quiet" onClick=${() => answer(false)}>${t("cancel")}</button>
        <button type="button" class="button button-bad" onClick=${() => answer(true)}>${yes}</button>
      </div>`), place);
  });
}
