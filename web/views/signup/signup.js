/** Signing up, followed by a login. */

import { useEffect, useState } from "preact/hooks";
import * as api from "../../api.js";
import { h, html } from "../../html.js";
import { Problem, asProblem } from "../../http.js";
import { Entrance } from "../../parts/entrance.js";
import { Field, FormProblem } from "../../parts/field.js";
import { logIn } from "../../session.js";
import { language, t } from "../../words/words.js";

const FIELDS = ["email", "name", "nickname", "password", "phone", "invitation"];
const EMPTY = { email: "", name: "", nickname: "", password: "", phone: "", invitation: "" };

/** @param {{query: URLSearchParams}} props */
export default function SignUpView({ query }) {
  const [given, setGiven] = useState({ ...EMPTY, invitation: query.get("invitation") ?? "" });
  const [mode, setMode] = useState(/** @type {SignUpMode["mode"]} */ ("open"));
  const [waits, setWaits] = useState(false);
  const [problem, setProblem] = useState(/** @type {Problem | null} */ (null));
  const [busy, setBusy] = useState(false);
  const next = query.get("next");
  useEffect(() => void api.signUpMode().then((found) => setMode(found.mode), () => {}), []);
  /** @param {keyof typeof EMPTY} name */
  const field = (name) => ({
    name, label: t(`account.${name}`), value: given[name], problem,
    onInput: /** @param {string} value */ (value) => setGiven((before) => ({ ...before, [name]: value })),
  });
  /** @param {Event} event */
  const submit = async (event) => {
    event.preventDefault();
    setBusy(true);
    try {
      const { phone, invitation, ...rest } = given;
      await api.signUp({ ...rest, language: language.value, nickname: rest.nickname.trim(), phone: phone.trim() || null, invitation: invitation.trim() || null });
      if (mode === "approval") return setWaits(true);
      await logIn(given.email.trim(), given.password);
    } catch (error) {
      setProblem(asProblem(error));
      setBusy(false);
    }
  };
  if (waits) return h(Entrance, { title: t("signup") }, html`<p class="note" role="status">${t("signup.waits")}</p>`);
  return h(Entrance, { title: t("signup") }, html`
    ${mode !== "open" && html`<p class="note">${t(`signup.${mode}`)}</p>`}
    <form class="form" onSubmit=${submit}>
      ${h(Field, { ...field("email"), type: "email", required: true, autocomplete: "email", maxlength: 254 })}
      ${h(Field, { ...field("name"), required: true, autocomplete: "name", maxlength: 60 })}
      ${h(Field, { ...field("nickname"), required: true, autocomplete: "username", minlength: 3, maxlength: 30, hint: t("account.nickname.hint") })}
      ${h(Field, { ...field("password"), label: t("password"), type: "password", required: true, autocomplete: "new-password", minlength: 8, maxlength: 128, hint: t("password.hint") })}
      ${h(Field, { ...field("phone"), type: "tel", autocomplete: "tel", inputmode: "tel" })}
      ${mode === "invitation" && h(Field, { ...field("invitation"), label: t("invitation.field"), required: true, autocomplete: "off", maxlength: 64 })}
      ${h(FormProblem, { problem, fields: FIELDS })}
      <button class="button button-large" disabled=${busy}>${t("signup")}</button>
    </form>
    <p>${t("signup.known")} <a href=${`/login${next ? `?next=${encodeURIComponent(next)}` : ""}`}>${t("login")}</a></p>`);
}
