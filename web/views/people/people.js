/** Followers and followed users of a user, and the likers of a post. */

import * as api from "../../api.js";
import { h, html } from "../../html.js";
import { Empty, ListEnd } from "../../parts/list.js";
import { PersonRow } from "../../parts/person.js";
import { Head } from "../../parts/view.js";
import { useList } from "../../state/lists.js";
import { useProfile } from "../../state/profiles.js";
import { explain, t } from "../../words/words.js";

/** @param {{params: {id?: string, nickname?: string}}} props */
export default function People({ params: { id, nickname } }) {
  if (id) return h(Listed, { title: t("likes.title"), backTo: `/p/${id}`, name: `likes of ${id}`, fetchPage: (cursor) => api.likes(id, cursor) });
  return h(OfPerson, { nickname: nickname ?? "" });
}

/** @param {{nickname: string}} props */
function OfPerson({ nickname }) {
  const { profile, problem } = useProfile(nickname);
  const which = location.pathname.endsWith("/followers") ? "followers" : "following";
  const title = t(`people.${which}`, { name: profile?.name ?? `@${nickname}` });
  if (!profile) {
    return html`<section class="page">${h(Head, { title, backTo: `/@${nickname}` })}
      ${problem && html`<p class="problem" role="alert">${explain(problem)}</p>`}</section>`;
  }
  const fetchPage = /** @param {string | null} cursor */ (cursor) => api[which](profile.id, cursor);
  return h(Listed, { title, backTo: `/@${nickname}`, name: `${which} of ${profile.id}`, fetchPage });
}

/** @param {{title: string, backTo: string, name: string, fetchPage: (cursor: string | null) => Promise<Page<UserRef>>}} props */
function Listed({ title, backTo, name, fetchPage }) {
  const list = useList(name, fetchPage);
  return html`
    <section class="page">
      ${h(Head, { title, backTo })}
      <ul class="plain-list people">${list.items.value.map((person) => h(PersonRow, { key: person.id, person }))}</ul>
      ${h(ListEnd, { list, quiet: true, empty: h(Empty, { icon: "person", title: t("people.empty") }) })}
    </section>`;
}
