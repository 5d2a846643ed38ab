/** Whether the email address is confirmed, and confirming it with the code of a message. */

import { useState } from "preact/hooks";
import * as api from "../../api.js";
import { h, html } from "../../html.js";
import { asProblem } from "../../http.js";
import { Field, FormProblem } from "../../parts/field.js";
import { toast } from "../../parts/toast.js";
import { Head } from "../../parts/view.js";
import { account, reload, renewToken } from "../../session.js";
import { t } from "../../words/words.js";

export default function Email() {
  const [code, setCode] = useState("");
  const [problem, setProblem] = useState(/** @type {import("../../http.js").Problem | null} */ (null));
  const [busy, setBusy] = useState(false);
  const me = account.value;
  if (!me) return null;
  /** @param {() => Promise<void>} request */
  const run = async (request) => {
    setBusy(true);
    setProblem(null);
    try {
      await request();
    } catch (error) {
      setProblem(asProblem(error));
    } finally {
      setBusy(false);
    }
  };
  /** @param {Event} event */
  const confirm = (event) => {
    event.preventDefault();
    return run(async () => {
      await api.confirmEmailByCode(code.trim());
      await renewToken();
      await reload();
      toast(t("confirm.done"));
    });
  };
  const again = () => run(async () => {
    await api.sendConfirmation();
    toast(t("email.sent", { email: me.email }));
  });
  const wrong = problem?.code === "invalid_token" ? t("email.wrong") : undefined;
  return html`
    <section class="page">
      ${h(Head, { title: t("email.title"), backTo: "/settings" })}
      <div class="card">
        <p>${t(me.email_verified ? "email.verified" : "email.text", { email: me.email })}</p>
        ${!me.email_verified && html`
          <form class="form" onSubmit=${confirm}>
            ${h(Field, { label: t("email.code"), name: "code", value: code, onInput: setCode, required: true, autocomplete: "one-time-code", inputmode: "numeric", maxlength: 32, error: wrong })}
            ${!wrong && h(FormProblem, { problem, fields: [] })}
            <div class="form-actions">
              <button type="button" class="button button-quiet" disabled=${busy} onClick=${again}>${t("email.again")}</button>
              <button class="button" disabled=${busy}>${t("confirm.act")}</button>
            </div>
          </form>`}
      </div>
    </section>`;
}
