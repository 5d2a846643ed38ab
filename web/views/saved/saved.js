/** The posts that one has saved, last saved first. */

import * as api from "../../api.js";
import { h, html } from "../../html.js";
import { Grid } from "../../parts/grid.js";
import { Empty, ListEnd } from "../../parts/list.js";
import { Head } from "../../parts/view.js";
import { useList } from "../../state/lists.js";
import { remember } from "../../state/posts.js";
import { t } from "../../words/words.js";

export default function Saved() {
  const list = useList("saved", async (cursor) => {
    const { items, next_cursor } = await api.savedPosts(cursor);
    return { items: items.map(remember), next_cursor };
  });
  return html`
    <section class="page page-wide">
      ${h(Head, { title: t("saved.title") })}
      ${h(Grid, { ids: list.items.value })}
      ${h(ListEnd, { list, quiet: true, empty: h(Empty, { icon: "bookmark", title: t("saved.empty") }) })}
    </section>`;
}
