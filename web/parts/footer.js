/** The language selection, and a link to the API documentation. */

import { html } from "../html.js";
import { LANGUAGES, choose, language, t } from "../words/words.js";

export function Footer() {
  const names = /** @type {[keyof typeof LANGUAGES, string][]} */ (Object.entries(LANGUAGES));
  return html`
    <div class="footer">
      <div class="languages" role="group" aria-label=${t("language")}>
        ${names.map(([code, name]) => html`
          <button type="button" key=${code} lang=${code} class="link" aria-pressed=${code === language.value} onClick=${() => choose(code)}>${name}</button>`)}
      </div>
      <a href="/docs" target="_blank" rel="noopener">${t("footer.docs")}</a>
    </div>`;
}
