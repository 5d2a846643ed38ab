/**
 * Confirming the email address with the link of a message, whose token is after `#`.
 * By a button: programs that open the links of messages to check them do not confirm.
 */

import { useState } from "preact/hooks";
import * as api from "../../api.js";
import { h, html } from "../../html.js";
import { asProblem } from "../../http.js";
import { Entrance } from "../../parts/entrance.js";
import { FormProblem } from "../../parts/field.js";
import { takeLinkToken } from "../../parts/link-token.js";
import { account, reload, renewToken } from "../../session.js";
import { t } from "../../words/words.js";

export default function ConfirmEmail() {
  const [token] = useState(takeLinkToken);
  const [done, setDone] = useState(false);
  const [problem, setProblem] = useState(/** @type {import("../../http.js").Problem | null} */ (null));
  const [busy, setBusy] = useState(false);
  const isVoid = !token || (problem?.code === "invalid_token");
  const confirm = async () => {
    setBusy(true);
    setProblem(null);
    try {
      await api.confirmEmailByLink(token);
      setDone(true);
      if (account.value) await renewToken().then(reload);
    } catch (error) {
      setProblem(asProblem(error));
    } finally {
      setBusy(false);
    }
  };
  return h(Entrance, { title: t("confirm.title") }, html`
    ${done && html`
      <p class="note" role="status">${t("confirm.done")}</p>
      <p><a class="button button-large" href="/">${t("confirm.on")}</a></p>`}
    ${!done && isVoid && html`
      <p class="problem" role="alert">${t("link.void")}</p>
      <p><a href="/settings/email">${t("confirm.again")}</a></p>`}
    ${!done && !isVoid && html`
      <p>${t("confirm.text")}</p>
      ${h(FormProblem, { problem, fields: [] })}
      <button type="button" class="button button-large" disabled=${busy} onClick=${confirm}>${t("confirm.act")}</button>`}`);
}
