/** Setting a new password with the link of a message, whose token is after `#`. */

import { useState } from "preact/hooks";
import * as api from "../../api.js";
import { h, html } from "../../html.js";
import { asProblem } from "../../http.js";
import { Entrance } from "../../parts/entrance.js";
import { Field, FormProblem } from "../../parts/field.js";
import { takeLinkToken } from "../../parts/link-token.js";
import { account, end } from "../../session.js";
import { t } from "../../words/words.js";

export default function ResetPassword() {
  const [token] = useState(takeLinkToken);
  const [password, setPassword] = useState("");
  const [done, setDone] = useState(false);
  const [problem, setProblem] = useState(/** @type {import("../../http.js").Problem | null} */ (null));
  const [busy, setBusy] = useState(false);
  const isVoid = !token || (problem?.code === "invalid_token");
  /** @param {Event} event */
  const submit = async (event) => {
    event.preventDefault();
    setBusy(true);
    setProblem(null);
    try {
      await api.resetPassword(token, password);
      if (account.value) await end(null); // the server has ended every session
      setDone(true);
    } catch (error) {
      setProblem(asProblem(error));
    } finally {
      setBusy(false);
    }
  };
  return h(Entrance, { title: t("reset.title") }, html`
    ${done && html`
      <p class="note" role="status">${t("reset.done")}</p>
      <p><a class="button button-large" href="/login">${t("login")}</a></p>`}
    ${!done && isVoid && html`
      <p class="problem" role="alert">${t("link.void")}</p>
      <p><a href="/forgot-password">${t("reset.again")}</a></p>`}
    ${!done && !isVoid && html`
      <form class="form" onSubmit=${submit}>
        ${h(Field, { label: t("password.new"), name: "new_password", type: "password", value: password, onInput: setPassword, required: true, autocomplete: "new-password", minlength: 8, maxlength: 128, hint: t("password.hint"), problem, focused: true })}
        ${h(FormProblem, { problem, fields: ["new_password"] })}
        <button class="button button-large" disabled=${busy}>${t("reset.set")}</button>
      </form>`}`);
}
