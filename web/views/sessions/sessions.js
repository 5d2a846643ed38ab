/** The sessions of the own account, each of which can be ended. */

import * as api from "../../api.js";
import { h, html } from "../../html.js";
import { confirm } from "../../parts/dialog.js";
import { ListEnd } from "../../parts/list.js";
import { Time } from "../../parts/text.js";
import { toast, toastProblem } from "../../parts/toast.js";
import { Head } from "../../parts/view.js";
import { logOut } from "../../session.js";
import { useList } from "../../state/lists.js";
import { t } from "../../words/words.js";

export default function Sessions() {
  const list = useList("sessions", api.sessions);
  const items = list.items.value;
  /** @param {Session} session */
  const end = async (session) => {
    if (session.current) return logOut();
    list.items.value = items.filter((each) => each.id !== session.id);
    try {
      await api.endSession(session.id);
      toast(t("sessions.ended"));
    } catch (error) {
      list.items.value = items;
      toastProblem(error);
    }
  };
  const endOthers = async () => {
    if (!(await confirm(t("sessions.end_others"), t("sessions.end_others.text"), t("sessions.end_others")))) return;
    try {
      await api.endOtherSessions();
      toast(t("sessions.ended"));
      await list.more(true);
    } catch (error) {
      toastProblem(error);
    }
  };
  return html`
    <section class="page">
      ${h(Head, { title: t("sessions.title"), backTo: "/settings" })}
      <ul class="plain-list rows">
        ${items.map((session) => html`
          <li class="row" key=${session.id}>
            <div class="row-text"><span class="name"><bdi>${session.device ?? t("sessions.unknown")}</bdi> ${session.current && html`<span class="tag">${t("sessions.current")}</span>`}</span>
              <span class="quiet">${session.ip} · ${t("sessions.used")} ${h(Time, { iso: session.last_used_at })}</span></div>
            <button type="button" class="button button-quiet button-small" aria-label=${session.current ? undefined : t("sessions.end.name", { name: session.device ?? t("sessions.unknown") })} onClick=${() => end(session)}>${session.current ? t("logout") : t("sessions.end")}</button>
          </li>`)}
      </ul>
      ${h(ListEnd, { list, quiet: true })}
      ${items.length > 1 && html`<div class="form-actions"><button type="button" class="button button-quiet" onClick=${endOthers}>${t("sessions.end_others")}</button></div>`}
    </section>`;
}
