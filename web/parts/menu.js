/** A small menu behind a button: a native <details>, closed by Escape and by losing the focus. */

import { useEffect, useRef, useState } from "preact/hooks";
import { h, html } from "../html.js";
import { Icon } from "./icon.js";

/** @typedef {{label: string, icon: Parameters<typeof Icon>[0]["name"], act?: () => void, href?: string, bad?: boolean}} Entry */

/** @param {{label: string, entries: Entry[]}} props */
export function Menu({ label, entries }) {
  const element = useRef(/** @type {HTMLDetailsElement | null} */ (null));
  const [open, setOpen] = useState(false);
  const close = () => element.current?.removeAttribute("open");
  useEffect(() => {
    if (!open) return;
    /** @param {Event} event */
    const outside = (event) => {
      if (event.target instanceof Node && !element.current?.contains(event.target)) close();
    };
    document.addEventListener("pointerdown", outside);
    return () => document.removeEventListener("pointerdown", outside);
  }, [open]);
  /** @param {KeyboardEvent} event */
  const onKeyDown = (event) => {
    if (event.key !== "Escape" || !element.current?.open) return;
    event.stopPropagation();
    close();
    element.current.querySelector("summary")?.focus();
  };
  /** @param {FocusEvent} event */
  const onFocusOut = (event) => {
    if (event.relatedTarget instanceof Node && !element.current?.contains(event.relatedTarget)) close();
  };
  return html`
    <details class="menu" ref=${element} onToggle=${() => setOpen(element.current?.open ?? false)} onKeyDown=${onKeyDown} onFocusOut=${onFocusOut}>
      <summary class="icon-button" aria-label=${label} title=${label}>${h(Icon, { name: "more" })}</summary>
      ${open && html`<ul class="menu-list">
        ${entries.map((entry) => html`
          <li key=${entry.label}>
            ${entry.href
              ? html`<a class="menu-entry" href=${entry.href}>${h(Icon, { name: entry.icon })}${entry.label}</a>`
              : html`<button type="button" class="menu-entry ${entry.bad ? "bad" : ""}" onClick=${() => (close(), entry.act?.())}>
                  ${h(Icon, { name: entry.icon })}${entry.label}</button>`}
          </li>`)}
      </ul>`}
    </details>`;
}
