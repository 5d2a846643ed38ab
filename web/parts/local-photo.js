/** A photo on this device. If the browser cannot show its format, such as HEIC, an icon is shown instead. */

import { useState } from "preact/hooks";
import { h, html } from "../html.js";
import { Icon } from "./icon.js";

/** @param {{src: string, alt: string, className?: string}} props */
export function LocalPhoto({ src, alt, className = "" }) {
  const [failed, setFailed] = useState("");
  if (failed === src) {
    return html`<span class="no-preview ${className}" role="img" aria-label=${alt || undefined} aria-hidden=${alt ? undefined : "true"}>${h(Icon, { name: "image" })}</span>`;
  }
  return html`<img class=${className} src=${src} alt=${alt} draggable="false" onError=${() => setFailed(src)} />`;
}
