/** Deleting one's account: what that means, said plainly, and the password once more. */

import { useState } from "preact/hooks";
import * as api from "../../api.js";
import { h, html } from "../../html.js";
import { asProblem } from "../../http.js";
import { Field, FormProblem } from "../../parts/field.js";
import { toast } from "../../parts/toast.js";
import { Head } from "../../parts/view.js";
import { account, end } from "../../session.js";
import { t } from "../../words/words.js";

const CONSEQUENCES = ["deletion.posts", "deletion.people", "deletion.messages", "deletion.name", "deletion.final"];

export default function Deletion() {
  const me = account.value;
  const [password, setPassword] = useState("");
  const [sure, setSure] = useState(false);
  const [problem, setProblem] = useState(/** @type {import("../../http.js").Problem | null} */ (null));
  const [busy, setBusy] = useState(false);
  /** @param {Event} event */
  const submit = async (event) => {
    event.preventDefault();
    setBusy(true);
    try {
      await api.withdraw(password);
      await end(null);
      toast(t("deletion.done"));
    } catch (error) {
      setProblem(asProblem(error));
      setBusy(false);
    }
  };
  return html`
    <section class="page">
      ${h(Head, { title: t("deletion.title"), backTo: "/settings" })}
      <div class="card card-bad">
        <h2>${t("deletion.means")}</h2>
        <ul class="consequences">${CONSEQUENCES.map((key) => html`<li key=${key}>${t(key, { nickname: me?.nickname ?? "" })}</li>`)}</ul>
      </div>
      <form class="form" onSubmit=${submit}>
        <input type="text" name="username" autocomplete="username" value=${me?.nickname} readonly hidden />
        ${h(Field, { label: t("password.current"), name: "current_password", type: "password", value: password, onInput: setPassword, required: true, autocomplete: "current-password", problem })}
        <label class="check"><input type="checkbox" checked=${sure} onChange=${(/** @type {any} */ event) => setSure(event.target.checked)} /> ${t("deletion.sure")}</label>
        ${h(FormProblem, { problem, fields: ["current_password"] })}
        <div class="form-actions"><button class="button button-bad" disabled=${!sure || !password || busy}>${t("deletion.act")}</button></div>
      </form>
    </section>`;
}
