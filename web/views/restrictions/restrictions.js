/** Whom one blocks, or mutes, each of whom can be taken from the list. */

import * as api from "../../api.js";
import { h, html } from "../../html.js";
import { Empty, ListEnd } from "../../parts/list.js";
import { PersonRow } from "../../parts/person.js";
import { Head } from "../../parts/view.js";
import { useList } from "../../state/lists.js";
import { restrict } from "../../state/relations.js";
import { t } from "../../words/words.js";

export default function Restrictions() {
  const blocks = location.pathname.endsWith("/blocks");
  const kind = blocks ? "blocks" : "mutes";
  const list = useList(kind, (cursor) => api.restricted(kind, cursor));
  /** @param {UserRef} person */
  const end = async (person) => {
    if (!(await restrict(blocks ? "block" : "mute", person.id, false))) return;
    list.items.value = list.items.value.filter((each) => each.id !== person.id);
  };
  const label = blocks ? "profile.unblock" : "profile.unmute";
  return html`
    <section class="page">
      ${h(Head, { title: t(`${kind}.title`), backTo: "/settings" })}
      <ul class="plain-list people">${list.items.value.map((person) => html`
        <${PersonRow} key=${person.id} person=${person}>
          <button type="button" class="button button-quiet button-small" aria-label=${t(`${label}.name`, { name: person.name ?? "" })} onClick=${() => end(person)}>${t(label)}</button>
        <//>`)}</ul>
      ${h(ListEnd, { list, quiet: true, empty: h(Empty, { icon: "person", title: t(`${kind}.empty`) }) })}
    </section>`;
}
