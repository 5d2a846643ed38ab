/** Which kinds of notifications one wants in the list and by Web Push, and whether this browser shows them. */

import { useEffect, useState } from "preact/hooks";
import * as api from "../../api.js";
import { h, html } from "../../html.js";
import { asProblem } from "../../http.js";
import { Spinner } from "../../parts/list.js";
import { toast, toastProblem } from "../../parts/toast.js";
import { Head } from "../../parts/view.js";
import * as push from "../../push.js";
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
  /** @param {(typeof KINDS)[number]} kind @param {{list?: boolean, push?: boolean}} choice */
  const change = async (kind, choice) => {
    const before = /** @type {NotificationSettings} */ (wanted);
    const after = { ...before[kind], ...choice };
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
            <div class="notification-kind" key=${kind}>
              <label class="check"><input type="checkbox" checked=${wanted[kind].list}
                onChange=${(/** @type {any} */ event) => change(kind, { list: event.target.checked })} /> ${t(`notifications.kind.${kind}`)}</label>
              <label class="check"><input type="checkbox" checked=${wanted[kind].push} disabled=${!wanted[kind].list}
                aria-label=${`${t("push.column")}: ${t(`notifications.kind.${kind}`)}`}
                onChange=${(/** @type {any} */ event) => change(kind, { push: event.target.checked })} /> ${t("push.column")}</label>
            </div>`)}
        </fieldset>
        <p class="hint">${t("notifications.kinds.hint")}</p>
        ${h(ThisBrowser, {})}`}
    </section>`;
}

function ThisBrowser() {
  const [on, setOn] = useState(false);
  const [busy, setBusy] = useState(false);
  useEffect(() => void push.isOn().then(setOn, () => {}), []);
  /** @param {boolean} wanted */
  const change = async (wanted) => {
    setBusy(true);
    setOn(wanted);
    try {
      if (!wanted) await push.turnOff();
      else if (!(await push.turnOn())) toast(t("push.denied"));
    } catch (error) {
      if (error instanceof DOMException) toast(t("push.impossible"));
      else toastProblem(error);
    }
    setOn(await push.isOn());
    setBusy(false);
  };
  return html`
    <fieldset class="card notification-kinds"><legend>${t("push.title")}</legend>
      <label class="check"><input type="checkbox" checked=${on} disabled=${busy || !push.isPossible}
        onChange=${(/** @type {any} */ event) => change(event.target.checked)} /> ${t("push.on")}</label>
      <p class="hint">${t(push.isPossible ? "push.hint" : "push.impossible")}</p>
    </fieldset>`;
}
