/** Form fields: a label, the field, and its error below. */

import { useId, useLayoutEffect, useRef } from "preact/hooks";
import { html } from "../html.js";
import { explain, knows, t } from "../words/words.js";

/**
 * Whether this key submits: Enter without Shift, and not during text composition (Hangul).
 * Safari ends the composition before the key event, and marks it only by the code 229.
 * @param {KeyboardEvent} event
 */
export const isSubmit = (event) =>
  event.key === "Enter" && !event.shiftKey && !event.isComposing && event.keyCode !== 229;

/** Fit the height of a text area to its text. @param {{current: HTMLTextAreaElement | null}} area @param {string} text */
export function useGrowing(area, text) {
  useLayoutEffect(() => {
    const element = area.current;
    if (!element || CSS.supports("field-sizing", "content")) return;
    element.style.height = "auto";
    element.style.height = `${element.scrollHeight}px`;
  }, [text]);
}

/**
 * @param {{
 *   label: string, name: string, value: string, onInput: (value: string) => void, type?: string, hint?: string,
 *   problem?: import("../http.js").Problem | null, required?: boolean, autocomplete?: string, lines?: number,
 *   maxlength?: number, minlength?: number, inputmode?: string, error?: string, focused?: boolean,
 * }} props `problem` is the refusal of the whole form, of which the part about this field is shown; a `focused` field
 * takes the focus when it appears
 */
export function Field(props) {
  const { label, name, value, onInput, type = "text", hint, problem, required, autocomplete, lines, maxlength, minlength, inputmode, error, focused } = props;
  const id = useId();
  const area = useRef(/** @type {HTMLTextAreaElement | null} */ (null));
  useGrowing(area, value);
  useLayoutEffect(() => {
    if (focused) document.getElementById(id)?.focus();
  }, [focused, id]);
  const wrong = error || faultOf(problem, name);
  const shared = {
    id, name, required, autocomplete, maxlength, minlength, inputmode, value,
    "aria-invalid": wrong ? "true" : undefined,
    "aria-describedby": [hint && `${id}-hint`, wrong && `${id}-wrong`].filter(Boolean).join(" ") || undefined,
    onInput: /** @param {any} event */ (event) => onInput(event.target.value),
  };
  return html`
    <div class="field ${wrong ? "field-wrong" : ""}">
      <label for=${id}>${label}${!required && type !== "password" ? html` <span class="quiet">${t("optional")}</span>` : ""}</label>
      ${lines ? html`<textarea ...${shared} ref=${area} rows=${lines} dir="auto"></textarea>` : html`<input ...${shared} type=${type} dir="auto" spellcheck=${false} autocapitalize="none" />`}
      ${hint && html`<p class="hint" id=${`${id}-hint`}>${hint}</p>`}
      ${wrong && html`<p class="problem" id=${`${id}-wrong`}>${wrong}</p>`}
    </div>`;
}

const OF_FIELD = /** @type {Record<string, string>} */ ({
  email_taken: "email", nickname_taken: "nickname", phone_taken: "phone", wrong_password: "current_password",
});

/** @param {import("../http.js").Problem | null | undefined} problem @param {string} name @returns {string} */
function faultOf(problem, name) {
  if (!problem) return "";
  if (OF_FIELD[problem.code] === name) return explain(problem);
  const fault = problem.errors.find((each) => each.pointer === `/${name}`);
  if (!fault) return "";
  const key = [`problem.${name}.${fault.code}`, `problem.${fault.code}`, `problem.${name}`].find(knows);
  return key ? t(key) : t("problem.invalid_field");
}

/** Errors that belong to no field. @param {{problem: import("../http.js").Problem | null, fields: string[]}} props */
export function FormProblem({ problem, fields }) {
  if (!problem || problem.code === "cancelled") return null;
  const shown = fields.some((name) => faultOf(problem, name));
  return html`<p class="problem form-problem" role="alert">${shown ? t("problem.look_at_fields") : explain(problem)}</p>`;
}
