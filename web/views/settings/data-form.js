/** Changing one's name, nickname, phone and bio; needs the current password. */

import { useState } from "preact/hooks";
import * as api from "../../api.js";
import { h, html } from "../../html.js";
import { asProblem } from "../../http.js";
import { Field, FormProblem } from "../../parts/field.js";
import { toast } from "../../parts/toast.js";
import { adopt } from "../../session.js";
import { t } from "../../words/words.js";

const FIELDS = ["name", "nickname", "bio", "phone"];

/** @param {{me: Account}} props */
export function DataForm({ me }) {
  const kept = /** @type {Record<string, string>} */ ({ name: me.name, nickname: me.nickname, bio: me.bio, phone: me.phone ?? "" });
  const [given, setGiven] = useState(kept);
  const [password, setPassword] = useState("");
  const [problem, setProblem] = useState(/** @type {import("../../http.js").Problem | null} */ (null));
  const [busy, setBusy] = useState(false);
  const changed = FIELDS.filter((name) => given[name] !== kept[name]);
  /** @param {string} name */
  const field = (name) => ({
    name, label: t(`account.${name}`), value: given[name], problem,
    onInput: /** @param {string} value */ (value) => setGiven((before) => ({ ...before, [name]: value })),
  });
  /** @param {Event} event */
  const submit = async (event) => {
    event.preventDefault();
    setBusy(true);
    setProblem(null);
    /** @type {any} */
    const body = Object.fromEntries(changed.map((name) => [name, name === "phone" ? given.phone.trim() || null : given[name]]));
    try {
      await adopt(await api.changeAccount({ ...body, current_password: password }));
      setPassword("");
      toast(t("settings.saved"));
    } catch (error) {
      setProblem(asProblem(error));
    } finally {
      setBusy(false);
    }
  };
  return html`
    <form class="form" onSubmit=${submit}>
      <p class="field"><span class="label">${t("account.email")}</span><bdi>${me.email}</bdi><span class="hint">${t("settings.email.fixed")}</span></p>
      ${h(Field, { ...field("name"), required: true, autocomplete: "name", maxlength: 60 })}
      ${h(Field, { ...field("nickname"), required: true, autocomplete: "username", minlength: 3, maxlength: 30, hint: t("account.nickname.hint") })}
      ${h(Field, { ...field("bio"), lines: 2, maxlength: 150 })}
      ${h(Field, { ...field("phone"), type: "tel", autocomplete: "tel", inputmode: "tel" })}
      ${changed.length > 0 && html`
        ${h(Field, { label: t("password.current"), name: "current_password", type: "password", value: password, onInput: setPassword, required: true, autocomplete: "current-password", problem })}
        ${h(FormProblem, { problem, fields: [...FIELDS, "current_password"] })}
        <div class="form-actions"><button class="button" disabled=${busy}>${t("save")}</button>
          <button type="button" class="button button-quiet" onClick=${() => setGiven(kept)}>${t("cancel")}</button></div>`}
    </form>`;
}
