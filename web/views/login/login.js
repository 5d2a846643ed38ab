/** Logging in with a password or a passkey, which leads to the requested view. */

import { useEffect, useState } from "preact/hooks";
import { h, html } from "../../html.js";
import { asProblem } from "../../http.js";
import { Entrance } from "../../parts/entrance.js";
import { Field, FormProblem } from "../../parts/field.js";
import { logInWithPasskey, usable, useForLogin } from "../../passkeys.js";
import { endedBecause, logIn } from "../../session.js";
import { leave, providers } from "../../sign-in.js";
import { knows, t } from "../../words/words.js";

/** @param {{query: URLSearchParams}} props */
export default function Login({ query }) {
  const [identifier, setIdentifier] = useState("");
  const [password, setPassword] = useState("");
  const [otp, setOtp] = useState("");
  const [needsCode, setNeedsCode] = useState(false);
  const [problem, setProblem] = useState(/** @type {import("../../http.js").Problem | null} */ (null));
  const [busy, setBusy] = useState(false);
  const [others, setOthers] = useState(/** @type {SignInProvider[]} */ ([]));
  useEffect(() => void providers().then(setOthers), []);
  const why = endedBecause.value;
  const next = query.get("next");
  /** @param {() => Promise<void>} enter */
  const run = async (enter) => {
    setBusy(true);
    try {
      await enter();
    } catch (error) {
      const refusal = asProblem(error);
      const asksForCode = refusal.code === "second_factor_required";
      if (asksForCode) setNeedsCode(true);
      setProblem(asksForCode ? null : refusal);
      setBusy(false);
    }
  };
  /** @param {Event} event */
  const submit = (event) => {
    event.preventDefault();
    return run(() => logIn(identifier.trim(), password, needsCode ? { otp: otp.trim() } : undefined));
  };
  const byPasskey = () =>
    run(needsCode ? async () => logIn(identifier.trim(), password, { passkey: await useForLogin() }) : logInWithPasskey);
  return h(Entrance, { title: t("login") }, html`
    ${why && html`<p class="note" role="status">${t(knows(`ended.${why}`) ? `ended.${why}` : "ended.invalid_token")}</p>`}
    <form class="form" onSubmit=${submit}>
      ${h(Field, { label: t("login.identifier"), name: "identifier", value: identifier, onInput: setIdentifier, required: true, autocomplete: "username" })}
      ${h(Field, { label: t("password"), name: "password", type: "password", value: password, onInput: setPassword, required: true, autocomplete: "current-password" })}
      ${needsCode && h(Field, { label: t("login.otp"), name: "otp", value: otp, onInput: setOtp, required: true, autocomplete: "one-time-code", maxlength: 32, hint: t("login.otp.hint"), focused: true })}
      ${h(FormProblem, { problem, fields: [] })}
      <button class="button button-large" disabled=${busy}>${t("login")}</button>
      ${usable() && html`<button type="button" class="button button-large button-quiet" disabled=${busy} onClick=${byPasskey}>${t(needsCode ? "login.passkey.instead" : "login.passkey")}</button>`}
      ${!needsCode && others.map((provider) => html`<button key=${provider.id} type="button" class="button button-large button-quiet" disabled=${busy} onClick=${() => run(() => leave(provider, { next }))}>${t("login.provider", { name: provider.name })}</button>`)}
    </form>
    <p><a href="/forgot-password">${t("login.forgot")}</a></p>
    <p>${t("login.new")} <a href=${`/signup${next ? `?next=${encodeURIComponent(next)}` : ""}`}>${t("signup")}</a></p>`);
}
