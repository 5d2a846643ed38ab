/** The second factor of the account: adding an authenticator app, its recovery codes, and removing it. */

import { useState } from "preact/hooks";
import { encode } from "uqr";
import * as api from "../../api.js";
import { h, html } from "../../html.js";
import { asProblem } from "../../http.js";
import { Field, FormProblem } from "../../parts/field.js";
import { ProofForm } from "../../parts/proof-form.js";
import { toast } from "../../parts/toast.js";
import { Head } from "../../parts/view.js";
import { account, reload } from "../../session.js";
import { t } from "../../words/words.js";

export default function SecondFactor() {
  const [begun, setBegun] = useState(/** @type {TotpSecret | null} */ (null));
  const [codes, setCodes] = useState(/** @type {string[]} */ ([]));
  const enabled = account.value?.second_factor ?? false;
  /** @param {string} code */
  const confirm = async (code) => {
    setCodes((await api.confirmTotp(code)).recovery_codes);
    await reload();
  };
  /** @param {Proof} proof */
  const remove = async (proof) => {
    await api.removeTotp(proof);
    setBegun(null);
    await reload();
    toast(t("second.removed"));
  };
  return html`
    <section class="page">
      ${h(Head, { title: t("second.title"), backTo: "/settings" })}
      ${codes.length > 0 && h(RecoveryCodes, { codes })}
      <div class="card">
        <p>${t(enabled ? "second.enabled" : "second.text")}</p>
        ${enabled && h(ProofForm, { key: "remove", act: t("second.remove"), submit: remove, bad: true })}
        ${!enabled && !begun && h(ProofForm, { key: "begin", act: t("second.begin"), submit: async (proof) => setBegun(await api.beginTotp(proof)) })}
        ${!enabled && begun && html`
          ${h(Secret, { secret: begun })}
          ${h(CodeForm, { submit: confirm })}`}
      </div>
    </section>`;
}

/** A form for the code of the authenticator app. @param {{submit: (code: string) => Promise<void>}} props */
function CodeForm({ submit }) {
  const [code, setCode] = useState("");
  const [problem, setProblem] = useState(/** @type {import("../../http.js").Problem | null} */ (null));
  const [busy, setBusy] = useState(false);
  /** @param {Event} event */
  const onSubmit = async (event) => {
    event.preventDefault();
    setBusy(true);
    setProblem(null);
    try {
      await submit(code.trim());
    } catch (error) {
      setProblem(asProblem(error));
    } finally {
      setBusy(false);
    }
  };
  return html`
    <form class="form" onSubmit=${onSubmit}>
      ${h(Field, { label: t("second.code"), name: "code", value: code, onInput: setCode, required: true, autocomplete: "one-time-code", inputmode: "numeric", problem, focused: true })}
      ${h(FormProblem, { problem, fields: ["code"] })}
      <div class="form-actions"><button class="button" disabled=${busy}>${t("second.confirm")}</button></div>
    </form>`;
}

/** The secret as a QR code, and as text for who cannot scan it. @param {{secret: TotpSecret}} props */
function Secret({ secret: { secret, uri } }) {
  const { size, data } = encode(uri, { border: 2 });
  const path = data.flatMap((row, y) => row.flatMap((dark, x) => (dark ? [`M${x} ${y}h1v1h-1z`] : []))).join("");
  return html`
    <p>${t("second.scan")}</p>
    <svg class="qr-code" viewBox="0 0 ${size} ${size}" role="img" aria-label=${t("second.qr")}><path d=${path} /></svg>
    <p class="hint">${t("second.secret")} <a href=${uri}><code>${secret.match(/.{1,4}/g)?.join(" ")}</code></a></p>`;
}

/** @param {{codes: string[]}} props */
function RecoveryCodes({ codes }) {
  const file = `data:text/plain;charset=utf-8,${encodeURIComponent(`${codes.join("\n")}\n`)}`;
  return html`
    <div class="card" role="status">
      <h2>${t("second.recovery.title")}</h2>
      <p>${t("second.recovery.text")}</p>
      <ul class="recovery-codes">${codes.map((code) => html`<li key=${code}><code>${code}</code></li>`)}</ul>
      <div class="form-actions"><a class="button" download="shutter-recovery-codes.txt" href=${file}>${t("second.recovery.save")}</a></div>
    </div>`;
}
