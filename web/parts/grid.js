/** Posts as a grid of their first photos. */

import { h, html } from "../html.js";
import { recall } from "../state/posts.js";
import { compact, t } from "../words/words.js";
import { Icon } from "./icon.js";
import { Photo } from "./photo.js";

const EAGER = 9;

/** @param {{ids: string[]}} props */
export const Grid = ({ ids }) => html`
  <ul class="grid plain-list">${ids.map((id, index) => h(Cell, { key: id, id, eager: index < EAGER }))}</ul>`;

/** @param {{id: string, eager: boolean}} props */
function Cell({ id, eager }) {
  const post = recall(id)?.value;
  if (!post) return null;
  const [photo] = post.media;
  const name = post.author.name ?? t("person.deleted");
  return html`
    <li class="grid-cell" data-anchor=${id}>
      <a href=${`/p/${id}`} aria-label=${t("grid.label", { name, likes: t("post.likes", { count: post.like_count }), alt: photo.alt ?? "" })}>
        ${h(Photo, { media: photo, alt: "", sizes: "(min-width: 640px) 203px, 33vw", eager })}
        ${post.media.length > 1 && html`<span class="grid-several">${h(Icon, { name: "layers" })}</span>`}
        <span class="grid-counts" aria-hidden="true">
          <span>${h(Icon, { name: "heart", filled: true })}${compact(post.like_count)}</span>
          <span>${h(Icon, { name: "comment", filled: true })}${compact(post.comment_count)}</span>
        </span>
      </a>
    </li>`;
}
