/** The home feed of the current user, or the start page for visitors. */

import { useEffect, useState } from "preact/hooks";
import * as api from "../../api.js";
import { h, html } from "../../html.js";
import { Empty, ListEnd } from "../../parts/list.js";
import { useLazy } from "../../parts/lazy.js";
import { PostCard } from "../../parts/post-card.js";
import { PostSkeleton } from "../../parts/skeleton.js";
import { Head } from "../../parts/view.js";
import { account } from "../../session.js";
import { useList } from "../../state/lists.js";
import { remember } from "../../state/posts.js";
import { t } from "../../words/words.js";
import { Welcome } from "./welcome.js";

const GROUP = 10;
const FIRST = 1;
const STEP = 2;
const BESIDE = "(min-width: 1180px)";

export default function Home() {
  return account.value ? h(Feed, {}) : h(Welcome, {});
}

/** The posts in groups, so that the browser can skip rendering of large invisible parts. @param {string[]} ids */
const groups = (ids) => Array.from({ length: Math.ceil(ids.length / GROUP) }, (_, index) => ids.slice(index * GROUP, (index + 1) * GROUP));

/**
 * How many posts to render now: at first one, so that its photo is requested early, then more in each frame, so that
 * no task takes long.
 * @param {number} count of all posts
 */
function useGradually(count) {
  const [shown, setShown] = useState(count || FIRST);
  useEffect(() => {
    if (shown >= count) return;
    const frame = requestAnimationFrame(() => setShown(shown + STEP));
    return () => cancelAnimationFrame(frame);
  }, [shown, count]);
  return Math.min(shown, count);
}

function Feed() {
  const list = useList("feed", async (cursor) => {
    const { items, next_cursor } = await api.feed(cursor);
    return { items: items.map(remember), next_cursor };
  });
  const ids = list.items.value;
  const shown = useGradually(ids.length);
  const aside = useLazy(() => import("./suggestions.js"), matchMedia(BESIDE).matches);
  return html`
    <div class="columns">
      <div class="column">
        ${h(Head, { title: t("home.title"), hidden: true })}
        ${!list.started.value && list.state.value === "loading" && h(PostSkeleton, {})}
        <div class="feed">${groups(ids.slice(0, shown)).map((group, index) => html`
          <div class="feed-group" key=${group[0]}>${group.map((id, place) => h(PostCard, { key: id, id, eager: !index && !place }))}</div>`)}</div>
        ${shown === ids.length && (list.started.value || list.state.value === "failed") && h(ListEnd, { list, empty: h(Empty, { icon: "layers", title: t("home.empty.title"), text: t("home.empty.text") },
          html`<a class="button" href="/explore">${t("nav.explore")}</a>`) })}
      </div>
      <div class="aside-place">${aside && h(aside.Suggestions, {})}</div>
    </div>`;
}
