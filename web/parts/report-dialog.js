/** The dialog that reports a post, a comment, a user or a message to the moderators. */

import { render } from "preact";
import { useState } from "preact/hooks";
import * as api from "../api.js";
import { h, html } from "../html.js";
import { asProblem } from "../http.js";
import { t } from "../words/words.js";
import { Dialog } from "./dialog.js";
import { Field, FormProblem } from "./field.js";
import { toast } from "./toast.js";

export const REASONS = /** @type {const} */ (["spam", "harassment", "nudity", "violence", "illegal", "other"]);
const LONGEST = 1000;

/** @param {NewReport["subject"]} subject */
export function openReport(subject) {
  const place = document.body.appendChild(document.createElement("div"));
  const close = () => {
    render(null, place);
    place.remove();
  };
  render(h(ReportDialog, { subject, onClose: close }), place);
}

/** @param {{subject: NewReport["subject"], onClose: () => void}} props */
function ReportDialog({ subject, onClose }) {
  const [reason, setReason] = useState(/** @type {NewReport["reason"] | ""} */ (""));
  const [note, setNote] = useState("");
  const [previous, setPrevious] = useState(false);
  const [problem, setProblem] = useState(/** @type {import("../http.js").Problem | null} */ (null));
  const [busy, setBusy] = useState(false);
  /** @param {Event} event */
  const send = async (event) => {
    event.preventDefault();
    if (!reason) return;
    setBusy(true);
    try {
      await api.report({ subject, reason, note: note.trim() || null, include_previous: previous });
      onClose();
      toast(t("report.done"));
    } catch (error) {
      setProblem(asProblem(error));
      setBusy(false);
    }
  };
  return h(Dialog, { title: t(`report.title.${subject.kind}`), onClose }, html`
    <form class="form" onSubmit=${send}>
      <fieldset class="choices">
        <legend>${t("report.why")}</legend>
        ${REASONS.map((each) => html`
          <label key=${each} class="check"><input type="radio" name="reason" required checked=${reason === each} onChange=${() => setReason(each)} /> ${t(`reason.${each}`)}</label>`)}
      </fieldset>
      ${h(Field, { label: t("report.note"), name: "note", value: note, onInput: setNote, lines: 2, maxlength: LONGEST })}
      ${subject.kind === "message" && html`
        <label class="check"><input type="checkbox" checked=${previous} onChange=${() => setPrevious(!previous)} /> ${t("report.previous")}</label>`}
      <p class="hint">${t(`report.hint.${subject.kind === "message" ? "message" : "other"}`)}</p>
      ${h(FormProblem, { problem, fields: ["note"] })}
      <div class="dialog-actions">
        <button type="button" class="button button-quiet" onClick=${onClose}>${t("cancel")}</button>
        <button type="submit" class="button" disabled=${busy}>${t("report.send")}</button>
      </div>
    </form>`);
}
