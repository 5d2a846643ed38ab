/** Changing one's password, which ends every other session. */

import { useState } from "preact/hooks";
import * as api from "../../api.js";
import { h, html } from "../../html.js";
import { asProblem } from "../../http.js";
import { Field, FormProblem } from "../../parts/field.js";
import { toast } from "../../parts/toast.js";
import { adopt } from "../../session.js";
import { t } from "../../words/words.js";

/** @param {{me: Account}} props */
export function PasswordForm({ me }) {
  const [current, setCurrent] = useState("");
  const [fresh, setFresh] = useState("");
  const [problem, setProblem] = useState(/** @type {import("../../http.js").Problem | null} */ (null));
  const [busy, setBusy] = useState(false);
  /** @param {Event} event */
  const submit = async (event) => {
    event.preventDefault();
    setBusy(true);
    setProblem(null);
    try {
      await adopt(await api.changeAccount({ current_password: current, new_password: fresh }));
      setCurrent("");
      setFresh("");
      toast(t("settings.password.done"));
    } catch (error) {
      setProblem(asProblem(error));
    } finally {
      setBusy(false);
    }
  };
  return html`
    <form class="form" onSubmit=${submit}>
      <input type="text" name="username" autocomplete="username" value=${me.nickname} readonly hidden />
      ${h(Field, { label: t("password.current"), name: "current_password", type: "password", value: current, onInput: setCurrent, required: true, autocomplete: "current-password", problem })}
      ${h(Field, { label: t("password.new"), name: "new_password", type: "password", value: fresh, onInput: setFresh, required: true, autocomplete: "new-password", minlength: 8, maxlength: 128, hint: t("password.hint"), problem })}
      <p class="hint">${t("settings.password.ends")}</p>
      ${h(FormProblem, { problem, fields: ["current_password", "new_password"] })}
      <div class="form-actions"><button class="button" disabled=${busy}>${t("settings.password.change")}</button></div>
    </form>`;
}
