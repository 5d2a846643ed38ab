/** The profile and posts of a user. */

import { useEffect, useRef, useState } from "preact/hooks";
import * as api from "../../api.js";
import { h, html } from "../../html.js";
import { asProblem } from "../../http.js";
import { Avatar } from "../../parts/avatar.js";
import { Grid } from "../../parts/grid.js";
import { Icon } from "../../parts/icon.js";
import { Empty, ListEnd, Spinner } from "../../parts/list.js";
import { FollowButton } from "../../parts/person.js";
import { UserText } from "../../parts/text.js";
import { toastProblem } from "../../parts/toast.js";
import { useTitle } from "../../parts/view.js";
import { go } from "../../router.js";
import { account } from "../../session.js";
import { useList } from "../../state/lists.js";
import { relationTo } from "../../state/relations.js";
import { useProfile } from "../../state/profiles.js";
import { remember } from "../../state/posts.js";
import { roomWith } from "../../state/rooms.js";
import { compact, explain, t } from "../../words/words.js";
import NotFound from "../notfound/notfound.js";
import { PersonMenu } from "./person-menu.js";

/** @param {{params: {nickname: string}}} props */
export default function ProfileView({ params: { nickname } }) {
  const { profile, problem, load } = useProfile(nickname);
  useTitle(profile?.name ?? `@${nickname}`);
  if (problem?.status === 404) return h(NotFound, { title: t("profile.gone.title"), text: t("profile.gone.text") });
  if (problem) return html`<section class="page"><h1>@${nickname}</h1><p class="problem" role="alert">${explain(problem)}</p><button type="button" class="button" onClick=${load}>${t("retry")}</button></section>`;
  if (!profile) return html`<section class="page page-wide"><h1 class="visually-hidden">@${nickname}</h1>${h(Spinner, {})}</section>`;
  return html`
    <section class="page page-wide">
      ${h(ProfileHead, { profile })}
      ${blocking(profile.id) ? html`<p class="note" role="note">${t("profile.blocked")}</p>` : h(Posts, { profile })}
    </section>`;
}

/** @param {string} id */
const blocking = (id) => Boolean(account.value && account.value.id !== id && relationTo(id).value?.blocking);

/** @param {{profile: Profile}} props */
function ProfileHead({ profile }) {
  const [counts, setCounts] = useState(/** @type {Counts | null} */ (null));
  const own = account.value?.id === profile.id;
  const blocked = blocking(profile.id);
  const fetches = useRef(0);
  const fetchCounts = () => {
    const mine = ++fetches.current;
    api.counts(profile.id).then((fresh) => mine === fetches.current && setCounts(fresh)).catch(() => {});
  };
  useEffect(fetchCounts, [profile.id]);
  /** @param {boolean} following @param {boolean} done */
  const followed = (following, done) => {
    if (done) return fetchCounts(); // a fetch that began before may not have it
    setCounts((before) => before && { ...before, followers_count: before.followers_count + (following ? 1 : -1) });
  };
  const talk = async () => {
    try {
      await go(`/messages/${(await roomWith(profile.id)).id}`);
    } catch (error) {
      toastProblem(asProblem(error));
    }
  };
  const address = `/@${profile.nickname}`;
  const some = counts?.followed_by_some?.map((each) => each.name).join(", ");
  return html`
    <header class="profile-head">
      ${h(Avatar, { person: profile, size: "large" })}
      <div class="profile-text">
        <h1><bdi>${profile.name}</bdi></h1>
        <p class="quiet">@${profile.nickname}</p>
        <p class="profile-counts">
          <a href=${`${address}/followers`}><strong>${counts ? compact(counts.followers_count) : "–"}</strong> ${t("profile.followers", { count: counts?.followers_count ?? 0 })}</a>
          <a href=${`${address}/following`}><strong>${counts ? compact(counts.following_count) : "–"}</strong> ${t("profile.following")}</a>
        </p>
        ${!own && some && html`<p class="quiet"><bdi>${t("profile.followed_by", { names: some })}</bdi></p>`}
        ${profile.bio && html`<p class="profile-bio">${h(UserText, { text: profile.bio })}</p>`}
        <p class="profile-actions">
          ${own
            ? html`<a class="button button-quiet" href="/settings">${t("profile.edit")}</a>`
            : !blocked && h(FollowButton, { id: profile.id, name: profile.name, onChange: followed, large: true })}
          ${!own && account.value && !blocked && html`<button type="button" class="button button-quiet" onClick=${talk}>${t("profile.message")}</button>`}
          ${!own && account.value && h(PersonMenu, { profile, onChange: fetchCounts })}
        </p>
      </div>
    </header>`;
}

/** @param {{profile: Profile}} props */
function Posts({ profile }) {
  const list = useList(`posts of ${profile.id}`, async (cursor) => {
    const { items, next_cursor } = await api.postsOf(profile.id, cursor);
    return { items: items.map(remember), next_cursor };
  });
  const own = account.value?.id === profile.id;
  return html`
    <h2 class="visually-hidden">${t("profile.posts")}</h2>
    ${h(Grid, { ids: list.items.value })}
    ${h(ListEnd, { list, quiet: true, empty: h(Empty, { icon: "camera", title: t("profile.empty") },
      own && html`<a class="button" href="/new">${h(Icon, { name: "plus" })}${t("nav.new")}</a>`) })}`;
}
