/** The name of a person, which leads to their profile. */

import { html } from "../html.js";
import { t } from "../words/words.js";

/** @param {{person: {id: string, nickname: string | null, name: string | null, deleted?: boolean}}} props */
export function Name({ person }) {
  if (!person.nickname) return html`<span class="name">${t("person.deleted")}</span>`;
  return html`<a class="name" href=${`/@${person.nickname}`}><bdi>${person.name}</bdi></a>`;
}
