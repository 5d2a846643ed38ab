/** Asking for a link that sets a new password. */

import { useState } from "preact/hooks";
import * as api from "../../api.js";
import { h, html } from "../../html.js";
import { asProblem } from "../../http.js";
import { Entrance } from "../../parts/entrance.js";
import { Field, FormProblem } from "../../parts/field.js";
import { t } from "../../words/words.js";

export default function ForgotPassword() {
  const [email, setEmail] = useState("");
  const [sent, setSent] = useState(false);
  const [problem, setProblem] = useState(/** @type {import("../../http.js").Problem | null} */ (null));
  const [busy, setBusy] = useState(false);
  /** @param {Event} event */
  const submit = async (event) => {
    event.preventDefault();
    setBusy(true);
    setProblem(null);
    try {
      await api.requestPasswordReset(email.trim());
      setSent(true);
    } catch (error) {
      setProblem(asProblem(error));
    } finally {
      setBusy(false);
    }
  };
  return h(Entrance, { title: t("forgot.title") }, html`
    ${sent && html`<p class="note" role="status">${t("forgot.sent", { email: email.trim() })}</p>`}
    ${!sent && html`
      <p>${t("forgot.text")}</p>
      <form class="form" onSubmit=${submit}>
        ${h(Field, { label: t("account.email"), name: "email", type: "email", value: email, onInput: setEmail, required: true, autocomplete: "email", maxlength: 254, problem })}
        ${h(FormProblem, { problem, fields: ["email"] })}
        <button class="button button-large" disabled=${busy}>${t("forgot.send")}</button>
      </form>`}
    <p><a href="/login">${t("forgot.back")}</a></p>`);
}
