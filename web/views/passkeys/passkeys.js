/** The passkeys of the own account: adding and removing them. */

import { useState } from "preact/hooks";
import * as api from "../../api.js";
import { h, html } from "../../html.js";
import { create, usable } from "../../passkeys.js";
import { Field } from "../../parts/field.js";
import { ListEnd } from "../../parts/list.js";
import { ProofForm } from "../../parts/proof-form.js";
import { Time } from "../../parts/text.js";
import { toast } from "../../parts/toast.js";
import { Head } from "../../parts/view.js";
import { device } from "../../session.js";
import { useList } from "../../state/lists.js";
import { t } from "../../words/words.js";

export default function Passkeys() {
  const list = useList("passkeys", api.passkeys);
  const [removing, setRemoving] = useState("");
  const items = list.items.value;
  /** @param {Proof} proof */
  const remove = async (proof) => {
    await api.removePasskey(removing, proof);
    setRemoving("");
    toast(t("passkeys.removed"));
    await list.more(true);
  };
  return html`
    <section class="page">
      ${h(Head, { title: t("passkeys.title"), backTo: "/settings" })}
      <ul class="plain-list rows">
        ${items.map((passkey) => html`
          <li class="row" key=${passkey.id}>
            <div class="row-text"><span class="name"><bdi>${passkey.name}</bdi></span>
              <span class="quiet">${passkey.last_used_at ? html`${t("sessions.used")} ${h(Time, { iso: passkey.last_used_at })}` : t("passkeys.unused")}</span></div>
            ${removing !== passkey.id && html`<button type="button" class="button button-quiet button-small" aria-label=${t("passkeys.remove.name", { name: passkey.name })} onClick=${() => setRemoving(passkey.id)}>${t("passkeys.remove")}</button>`}
          </li>
          ${removing === passkey.id && html`<li class="card" key=${`${passkey.id}-remove`}>
            <p>${t("passkeys.remove.text", { name: passkey.name })}</p>
            ${h(ProofForm, { act: t("passkeys.remove"), submit: remove, bad: true })}
          </li>`}`)}
      </ul>
      ${h(ListEnd, { list, quiet: true })}
      <div class="card">
        <h2>${t("passkeys.new")}</h2>
        <p>${t("passkeys.text")}</p>
        ${usable() ? h(NewPasskey, { onAdded: () => list.more(true) }) : html`<p class="note">${t("passkeys.unusable")}</p>`}
      </div>
    </section>`;
}

/** @param {{onAdded: () => Promise<void>}} props */
function NewPasskey({ onAdded }) {
  const [name, setName] = useState(device());
  const [problem, setProblem] = useState(/** @type {import("../../http.js").Problem | null} */ (null));
  /** @param {Proof} proof */
  const add = async (proof) => {
    await api.addPasskey(name.trim(), await create(await api.beginPasskey(proof)));
    toast(t("passkeys.added"));
    await onAdded();
  };
  return h(ProofForm, { act: t("passkeys.add"), submit: add, fields: ["name"], onProblem: setProblem },
    h(Field, { label: t("passkeys.name"), name: "name", value: name, onInput: setName, required: true, maxlength: 60, problem }));
}
