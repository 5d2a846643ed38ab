/** Everyone's posts, newest first. */

import * as api from "../../api.js";
import { h, html } from "../../html.js";
import { Grid } from "../../parts/grid.js";
import { Icon } from "../../parts/icon.js";
import { Empty, ListEnd } from "../../parts/list.js";
import { Head } from "../../parts/view.js";
import { useList } from "../../state/lists.js";
import { remember } from "../../state/posts.js";
import { t } from "../../words/words.js";

export default function Explore() {
  const list = useList("everyone", async (cursor) => {
    const { items, next_cursor } = await api.everyonesPosts(cursor);
    return { items: items.map(remember), next_cursor };
  });
  return html`
    <section class="page page-wide">
      ${h(Head, { title: t("explore.title") }, html`
        <a class="icon-button" href="/search" aria-label=${t("nav.search")}>${h(Icon, { name: "search" })}</a>`)}
      ${h(Grid, { ids: list.items.value })}
      ${h(ListEnd, { list, empty: h(Empty, { icon: "image", title: t("explore.empty") }) })}
    </section>`;
}
