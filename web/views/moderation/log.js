/** What moderators did, newest first. Nothing here changes anything. */

import * as api from "../../api.js";
import { h, html } from "../../html.js";
import { Empty, ListEnd } from "../../parts/list.js";
import { Name } from "../../parts/name.js";
import { Time } from "../../parts/text.js";
import { useList } from "../../state/lists.js";
import { knows, t } from "../../words/words.js";
import { Frame } from "./frame.js";

export default function ModerationLog() {
  const list = useList("moderation log", api.moderationLog);
  return html`
    <${Frame} current="/moderation/log">
      <ul class="plain-list rows">${list.items.value.map((entry) => html`
        <li class="row" key=${entry.id}>
          <div class="row-text">
            <span class="name">${t(knows(`log.${entry.action}`) ? `log.${entry.action}` : "activity.other", { role: entry.role ? t(`role.${entry.role}`) : "" })}</span>
            <span>${h(Name, { person: entry.user })}</span>
            <span class="quiet">${t("log.by")} ${entry.actor ? h(Name, { person: entry.actor }) : t("log.operator")}</span>
            ${(entry.category || entry.reason) && html`<span class="quiet" dir="auto">${[entry.category && t(`reason.${entry.category}`), entry.reason].filter(Boolean).join(": ")}</span>`}
          </div>
          <span class="quiet">${h(Time, { iso: entry.created_at })}</span>
        </li>`)}</ul>
      ${h(ListEnd, { list, quiet: true, empty: h(Empty, { icon: "check", title: t("activity.empty") }) })}
    <//>`;
}
