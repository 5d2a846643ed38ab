/** The posts of a tag, newest first. */

import * as api from "../../api.js";
import { h, html } from "../../html.js";
import { Grid } from "../../parts/grid.js";
import { Empty, ListEnd } from "../../parts/list.js";
import { Head } from "../../parts/view.js";
import { useList } from "../../state/lists.js";
import { remember } from "../../state/posts.js";
import { t } from "../../words/words.js";

/** @param {{params: {tag: string}}} props */
export default function Tag({ params }) {
  const tag = decoded(params.tag);
  const list = useList(`posts of tag ${tag}`, async (cursor) => {
    const { items, next_cursor } = await api.postsOfTag(tag, cursor);
    return { items: items.map(remember), next_cursor };
  });
  return html`
    <section class="page page-wide">
      ${h(Head, { title: `#${tag}` })}
      ${h(Grid, { ids: list.items.value })}
      ${h(ListEnd, { list, quiet: true, empty: h(Empty, { icon: "image", title: t("tag.empty") }) })}
    </section>`;
}

/** @param {string} segment of the path @returns {string} */
function decoded(segment) {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
