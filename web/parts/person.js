/** People in lists, and the button that follows them. */

import { currentAddress } from "../base.js";
import { h, html } from "../html.js";
import { account } from "../session.js";
import { relationTo, setFollowing } from "../state/relations.js";
import { t } from "../words/words.js";
import { Avatar } from "./avatar.js";

/**
 * `onChange` is called with the new state at once, and again when the server has answered: it is done, or taken back.
 * @param {{id: string, name: string, onChange?: (following: boolean, done: boolean) => void, large?: boolean}} props
 */
export function FollowButton({ id, name, onChange, large = false }) {
  const me = account.value;
  if (me?.id === id) return null;
  const relation = me ? relationTo(id).value : null;
  const following = relation?.following ?? false;
  const label = following ? "follow.following" : relation?.followed_by ? "follow.back" : "follow.follow";
  const act = async () => {
    onChange?.(!following, false);
    const done = await setFollowing(id, !following);
    onChange?.(done ? !following : following, done);
  };
  if (!me) return html`<a class="button ${large ? "" : "button-small"}" href=${`/login?next=${encodeURIComponent(currentAddress())}`}>${t("follow.follow")}</a>`;
  return html`
    <button type="button" class="button ${following ? "button-quiet" : ""} ${large ? "" : "button-small"}" disabled=${!relation}
      aria-pressed=${following} aria-label=${t(`${label}.name`, { name })} onClick=${act}>${t(label)}</button>`;
}

/** @param {{person: UserRef | Profile, children?: any}} props */
export function PersonRow({ person, children = undefined }) {
  const text = html`
    <span class="person-text">
      <span class="name"><bdi>${person.nickname ? person.name : t("person.deleted")}</bdi></span>
      ${person.nickname && html`<span class="quiet">@${person.nickname}</span>`}
      ${"bio" in person && person.bio && html`<span class="person-bio" dir="auto">${person.bio}</span>`}
    </span>`;
  return html`
    <li class="person-row">
      ${person.nickname
        ? html`<a class="person-link" href=${`/@${person.nickname}`}>${h(Avatar, { person })}${text}</a>`
        : html`<span class="person-link">${h(Avatar, { person })}${text}</span>`}
      ${children ?? (person.nickname && h(FollowButton, { id: person.id, name: person.name ?? "" }))}
    </li>`;
}
