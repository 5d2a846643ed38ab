/** A form that needs the current password, or instead of it a passkey. */

import { useEffect, useState } from "preact/hooks";
import * as api from "../api.js";
import { h, html } from "../html.js";
import { asProblem } from "../http.js";
import { usable, use } from "../passkeys.js";
import { account } from "../session.js";
import { t } from "../words/words.js";
import { Field, FormProblem } from "./field.js";

/**
 * @param {{
 *   act: string, submit: (proof: Proof) => Promise<unknown>, bad?: boolean, ready?: boolean, fields?: string[],
 *   children?: any, more?: any, onProblem?: (problem: import("../http.js").Problem | null) => void,
 * }} props `act` is the text of the button; `children` are before the password, `more` after it; `fields` are theirs
 */
export function ProofForm({ act, submit, bad = false, ready = true, fields = [], children = null, more = null, onProblem }) {
  const [password, setPassword] = useState("");
  const [hasPasskey, setHasPasskey] = useState(false);
  const [problem, setProblem] = useState(/** @type {import("../http.js").Problem | null} */ (null));
  const [busy, setBusy] = useState(false);
  useEffect(() => {
    if (usable()) api.passkeys(null, 1).then(({ items }) => setHasPasskey(items.length > 0), () => {});
  }, []);
  /** @param {import("../http.js").Problem | null} found */
  const show = (found) => {
    setProblem(found);
    onProblem?.(found);
  };
  /** @param {() => Promise<Proof>} prove */
  const run = async (prove) => {
    setBusy(true);
    show(null);
    try {
      await submit(await prove());
      setPassword("");
    } catch (error) {
      show(asProblem(error));
    } finally {
      setBusy(false);
    }
  };
  /** @param {Event} event */
  const onSubmit = (event) => {
    event.preventDefault();
    return run(async () => ({ current_password: password }));
  };
  /** @param {any} event */
  const byPasskey = (event) => {
    const unfilled = [...event.target.form.elements].find((each) => each.name !== "current_password" && !each.checkValidity());
    if (unfilled) unfilled.reportValidity();
    else void run(async () => ({ passkey: await use(await api.beginReauthentication()) }));
  };
  return html`
    <form class="form" onSubmit=${onSubmit}>
      <input type="text" name="username" autocomplete="username" value=${account.value?.nickname} readonly hidden />
      ${children}
      ${h(Field, { label: t("password.current"), name: "current_password", type: "password", value: password, onInput: setPassword, required: true, autocomplete: "current-password", problem })}
      ${more}
      ${h(FormProblem, { problem, fields: [...fields, "current_password"] })}
      <div class="form-actions">
        <button class="button ${bad ? "button-bad" : ""}" disabled=${busy || !ready}>${act}</button>
        ${hasPasskey && html`<button type="button" class="button button-quiet" disabled=${busy || !ready} onClick=${byPasskey}>${t("passkeys.instead")}</button>`}
      </div>
    </form>`;
}
