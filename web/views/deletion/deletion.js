/** Deleting one's account: an explanation of the effects, and the password or a passkey. */

import { useState } from "preact/hooks";
import * as api from "../../api.js";
import { h, html } from "../../html.js";
import { ProofForm } from "../../parts/proof-form.js";
import { toast } from "../../parts/toast.js";
import { Head } from "../../parts/view.js";
import { account, endWith } from "../../session.js";
import { t } from "../../words/words.js";

const CONSEQUENCES = ["deletion.posts", "deletion.people", "deletion.messages", "deletion.name", "deletion.final"];

export default function Deletion() {
  const me = account.value;
  const [sure, setSure] = useState(false);
  /** @param {Proof} proof */
  const withdraw = async (proof) => {
    await endWith(() => api.withdraw(proof));
    toast(t("deletion.done"));
  };
  const consent = html`<label class="check"><input type="checkbox" checked=${sure} onChange=${(/** @type {any} */ event) => setSure(event.target.checked)} /> ${t("deletion.sure")}</label>`;
  return html`
    <section class="page">
      ${h(Head, { title: t("deletion.title"), backTo: "/settings" })}
      <div class="card card-bad">
        <h2>${t("deletion.means")}</h2>
        <ul class="consequences">${CONSEQUENCES.map((key) => html`<li key=${key}>${t(key, { nickname: me?.nickname ?? "" })}</li>`)}</ul>
      </div>
      ${h(ProofForm, { act: t("deletion.act"), submit: withdraw, bad: true, ready: sure, more: consent })}
    </section>`;
}
