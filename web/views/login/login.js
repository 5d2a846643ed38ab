/** Logging in. Afterwards one is where one wanted to go. */

import { useState } from "preact/hooks";
import { h, html } from "../../html.js";
import { asProblem } from "../../http.js";
import { Entrance } from "../../parts/entrance.js";
import { Field, FormProblem } from "../../parts/field.js";
import { endedBecause, logIn } from "../../session.js";
import { knows, t } from "../../words/words.js";

/** @param {{query: URLSearchParams}} props */
export default function Login({ query }) {
  const [identifier, setIdentifier] = useState("");
  const [password, setPassword] = useState("");
  const [problem, setProblem] = useState(/** @type {import("../../http.js").Problem | null} */ (null));
  const [busy, setBusy] = useState(false);
  const why = endedBecause.value;
  const next = query.get("next");
  /** @param {Event} event */
  const submit = async (event) => {
    event.preventDefault();
    setBusy(true);
    try {
      await logIn(identifier.trim(), password);
    } catch (error) {
      setProblem(asProblem(error));
      setBusy(false);
    }
  };
  return h(Entrance, { title: t("login") }, html`
    ${why && html`<p class="note" role="status">${t(knows(`ended.${why}`) ? `ended.${why}` : "ended.invalid_token")}</p>`}
    <form class="form" onSubmit=${submit}>
      ${h(Field, { label: t("login.identifier"), name: "identifier", value: identifier, onInput: setIdentifier, required: true, autocomplete: "username" })}
      ${h(Field, { label: t("password"), name: "password", type: "password", value: password, onInput: setPassword, required: true, autocomplete: "current-password" })}
      ${h(FormProblem, { problem, fields: [] })}
      <button class="button button-large" disabled=${busy}>${t("login")}</button>
    </form>
    <p>${t("login.new")} <a href=${`/signup${next ? `?next=${encodeURIComponent(next)}` : ""}`}>${t("signup")}</a></p>`);
}
