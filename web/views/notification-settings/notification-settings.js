/** Which kinds of notifications one wants in the list. */

import { useEffect, useState } from "preact/hooks";
import * as api from "../../api.js";
import { h, html } from "../../html.js";
import { asProblem } from "../../http.js";
import { Spinner } from "../../parts/list.js";
import { toastProblem } from "../../parts/toast.js";
import { Head } from "../../parts/view.js";
import { explain, knows, t } from "../../words/words.js";

const KINDS = /** @type {const} */ ([
  "follow", "like", "comment", "reply", "mention", "comment_like", "room_request", "moderation",
]);

export default function NotificationSettingsView() {
  const [wanted, setWanted] = useState(/** @type {NotificationSettings | null} */ (null));
  const [problem, setProblem] = useState(/** @type {import("../../http.js").Problem | null} */ (null));
  const load = () => {
    setProblem(null);
    api.notificationSettings().then(setWanted, (error) => setProblem(asProblem(error)));
  };
  useEffect(load, []);
  /** @param {(typeof KINDS)[number]} kind @param {boolean} list */
  const change = async (kind, list) => {
    const before = /** @type {NotificationSettings} */ (wanted);
    const after = { ...before[kind], list };
    setWanted({ ...before, [kind]: after });
    try {
      setWanted(await api.changeNotificationSettings({ [kind]: after }));
    } catch (error) {
      setWanted(before);
      toastProblem(error);
    }
  };
  const ready = wanted && knows("notifications.kinds");
  return html`
    <section class="page">
      ${h(Head, { title: t("notifications.settings"), backTo: "/settings" })}
      ${problem && html`<p class="problem" role="alert">${explain(problem)}</p>
        <div class="form-actions"><button type="button" class="button button-quiet" onClick=${load}>${t("retry")}</button></div>`}
      ${!ready && !problem && h(Spinner, {})}
      ${ready && html`
        <fieldset class="card notification-kinds"><legend>${t("notifications.kinds")}</legend>
          ${KINDS.map((kind) => html`
            <label class="check" key=${kind}><input type="checkbox" checked=${wanted[kind].list}
              onChange=${(/** @type {any} */ event) => change(kind, event.target.checked)} /> ${t(`notifications.kind.${kind}`)}</label>`)}
        </fieldset>
        <p class="hint">${t("notifications.kinds.hint")}</p>`}
    </section>`;
}
