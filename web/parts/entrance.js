/** The layout of the login and sign-up views. */

import { h, html } from "../html.js";
import { Footer } from "./footer.js";
import { Mark } from "./icon.js";
import { useTitle } from "./view.js";

/** @param {{title: string, children?: any}} props */
export function Entrance({ title, children = null }) {
  useTitle(title);
  return html`
    <section class="entrance">
      <a class="brand brand-large" href="/" aria-label="Shutter">${h(Mark, {})}<span>Shutter</span></a>
      <div class="card">
        <h1>${title}</h1>
        ${children}
      </div>
      ${h(Footer, {})}
    </section>`;
}
