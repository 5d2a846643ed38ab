/** A post as shown in the feed and on its own page. */

import { useState } from "preact/hooks";
import { h, html } from "../html.js";
import { account } from "../session.js";
import { go } from "../router.js";
import { recall, setLiked, setSaved } from "../state/posts.js";
import { compact, t } from "../words/words.js";
import { Avatar } from "./avatar.js";
import { Carousel } from "./carousel.js";
import { Icon } from "./icon.js";
import { Name } from "./name.js";
import { PostMenu } from "./post-menu.js";
import { ShareButton } from "./share.js";
import { Time, UserText } from "./text.js";

const SIZES = "(min-width: 1100px) 600px, (min-width: 700px) min(640px, 88vw), 100vw";
const LONG = 220;

/** @param {{id: string, eager?: boolean, whole?: boolean}} props `whole` shows all of the caption and no link to itself */
export function PostCard({ id, eager = false, whole = false }) {
  const post = recall(id)?.value;
  if (!post) return null;
  const author = post.author.name ?? t("person.deleted");
  return html`
    <article class="post-card" data-anchor=${id} aria-label=${t("post.by", { name: author })}>
      <header class="post-head">
        ${h(Avatar, { person: post.author })}
        <div class="post-who">
          ${h(Name, { person: post.author })}
          <a class="quiet" href=${`/p/${id}`}>${h(Time, { iso: post.created_at })}</a>
        </div>
        ${h(PostMenu, { post, leave: whole })}
      </header>
      <div class="post-photos" onDblClick=${() => account.value && setLiked(id, true)}>
        ${h(Carousel, { media: post.media, author, eager, sizes: SIZES })}
      </div>
      ${h(PostActions, { post })}
      ${post.caption && h(Caption, { post, text: post.caption, whole })}
      ${!whole && post.comment_count > 0 && html`
        <a class="quiet post-comments-link" href=${`/p/${id}`}>${t("post.comments", { count: post.comment_count })}</a>`}
    </article>`;
}

/** @param {{post: Post}} props */
function PostActions({ post }) {
  /** @param {() => void} act */
  const signedIn = (act) => {
    if (account.value) act();
    else void go(`/login?next=${encodeURIComponent(`/p/${post.id}`)}`);
  };
  const like = () => signedIn(() => void setLiked(post.id, !post.liked));
  const save = () => signedIn(() => void setSaved(post.id, !post.saved));
  return html`
    <div class="post-actions">
      <button type="button" class="icon-button like ${post.liked ? "liked" : ""}" aria-pressed=${post.liked} aria-label=${t("post.like")} onClick=${like}>
        ${h(Icon, { name: "heart", filled: post.liked })}
      </button>
      <a class="icon-button" href=${`/p/${post.id}`} aria-label=${t("post.comment")}>${h(Icon, { name: "comment" })}</a>
      ${h(ShareButton, { post })}
      <button type="button" class="icon-button" aria-pressed=${post.saved} aria-label=${t("post.save")} onClick=${save}>
        ${h(Icon, { name: "bookmark", filled: post.saved })}
      </button>
      ${post.like_count > 0
        ? html`<a class="post-likes" href=${`/p/${post.id}/likes`} title=${t("post.likes", { count: post.like_count })}>${t("post.likes.short", { count: post.like_count, shown: compact(post.like_count) })}</a>`
        : html`<span class="quiet post-likes">${t("post.likes.none")}</span>`}
    </div>`;
}

/** @param {{post: Post, text: string, whole: boolean}} props */
function Caption({ post, text, whole }) {
  const [open, setOpen] = useState(false);
  const long = !whole && !open && [...text].length > LONG;
  const shown = long ? `${[...text].slice(0, LONG).join("")}…` : text;
  return html`
    <p class="caption">${h(UserText, { text: shown, tags: post.tags, mentions: post.mentions })}
      ${long && html` <button type="button" class="link quiet" onClick=${() => setOpen(true)}>${t("post.more")}</button>`}</p>`;
}
