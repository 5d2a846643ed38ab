/** Next to the feed on wide screens: the current user, and suggested users to follow. */

import { useEffect, useState } from "preact/hooks";
import * as api from "../../api.js";
import { h, html } from "../../html.js";
import { Avatar } from "../../parts/avatar.js";
import { PersonRow } from "../../parts/person.js";
import { account } from "../../session.js";
import { relationTo } from "../../state/relations.js";
import { t } from "../../words/words.js";

const MOST = 5;

/** @type {UserRef[] | null} */
let found = null;
account.subscribe((who) => {
  if (!who) found = null;
});

/** Authors of recent posts. @returns {Promise<UserRef[]>} */
async function lately() {
  const { items } = await api.everyonesPosts();
  return [...new Map(items.map((post) => [post.author.id, post.author])).values()];
}

export function Suggestions() {
  const [people, setPeople] = useState(found ?? []);
  const [shown, setShown] = useState(/** @type {UserRef[] | null} */ (null));
  const me = account.value;
  useEffect(() => {
    if (!found) void lately().then((those) => setPeople((found = those))).catch(() => {});
  }, []);
  const relations = people.map((person) => relationTo(person.id).value);
  const ready = people.length > 0 && relations.every(Boolean);
  useEffect(() => {
    if (ready) setShown(people.filter((person, index) => !relations[index]?.following && person.id !== me?.id).slice(0, MOST));
  }, [ready]);
  if (!me) return null;
  return html`
    <aside class="aside" aria-label=${t("aside.label")}>
      <a class="aside-me" href=${`/@${me.nickname}`}>${h(Avatar, { person: me })}
        <span class="person-text"><span class="name"><bdi>${me.name}</bdi></span><span class="quiet">@${me.nickname}</span></span></a>
      ${shown && shown.length > 0 && html`
        <h2>${t("aside.people")}</h2>
        <ul class="plain-list">${shown.map((person) => h(PersonRow, { key: person.id, person }))}</ul>`}
    </aside>`;
}
