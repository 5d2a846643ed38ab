/** For unknown paths, and for deleted resources. */

import { h, html } from "../../html.js";
import { useTitle } from "../../parts/view.js";
import { Icon } from "../../parts/icon.js";
import { t } from "../../words/words.js";

/** @param {{title?: string, text?: string}} props */
export default function NotFound({ title = t("notfound.title"), text = t("notfound.text") }) {
  useTitle(title);
  return html`
    <section class="page empty">${h(Icon, { name: "camera" })}<h1>${title}</h1><p>${text}</p>
      <p><a class="button" href="/">${t("nav.home")}</a></p></section>`;
}
