/** The audit log of the own account. */

import * as api from "../../api.js";
import { h, html } from "../../html.js";
import { Empty, ListEnd } from "../../parts/list.js";
import { Time } from "../../parts/text.js";
import { Head } from "../../parts/view.js";
import { useList } from "../../state/lists.js";
import { knows, t } from "../../words/words.js";

export default function Activity() {
  const list = useList("activity", api.accountEvents);
  return html`
    <section class="page">
      ${h(Head, { title: t("activity.title"), backTo: "/settings" })}
      <p class="quiet">${t("activity.text")}</p>
      <ul class="plain-list rows">
        ${list.items.value.map((event) => html`
          <li class="row" key=${event.id}>
            <div class="row-text"><span class="name">${t(knows(`activity.${event.type}`) ? `activity.${event.type}` : "activity.other")}</span>
              <span class="quiet">${event.device && html`<bdi>${event.device}</bdi> · `}${event.ip}</span></div>
            <span class="quiet">${h(Time, { iso: event.created_at })}</span>
          </li>`)}
      </ul>
      ${h(ListEnd, { list, quiet: true, empty: h(Empty, { icon: "check", title: t("activity.empty") }) })}
    </section>`;
}
