/** What the views of moderation have in common: the heading and the links between them; the dialog that asks why. */

import { render } from "preact";
import { useState } from "preact/hooks";
import { h, html } from "../../html.js";
import { Dialog } from "../../parts/dialog.js";
import { Field } from "../../parts/field.js";
import { Spinner } from "../../parts/list.js";
import { Head } from "../../parts/view.js";
import { knows, t } from "../../words/words.js";

const PAGES = /** @type {const} */ ([
  ["/moderation", "moderation.reports"],
  ["/moderation/people", "moderation.people"],
  ["/moderation/invitations", "moderation.invitations"],
  ["/moderation/log", "moderation.log"],
]);
const LONGEST = 1000;

/** @param {{current: typeof PAGES[number][0], children?: any}} props */
export const Frame = ({ current, children }) => html`
  <section class="page">
    ${h(Head, { title: t("moderation.title"), backTo: "/settings" })}
    ${!knows("moderation.reports") ? h(Spinner, {}) : html`
      ${h(Links, { label: t("moderation.title"), current, links: PAGES.map(([href, label]) => ({ href, label: t(label) })) })}
      ${children}`}
  </section>`;

/** @param {{label: string, current: string, links: {href: string, label: string}[]}} props */
export const Links = ({ label, current, links }) => html`
  <nav class="filters" aria-label=${label}>
    ${links.map(({ href, label: text }) => html`<a key=${href} class="filter" href=${href} aria-current=${href === current ? "page" : undefined}>${text}</a>`)}
  </nav>`;

/**
 * Ask for a text that the person concerned reads.
 * @param {{title: string, text: string, yes: string, required: boolean}} question
 * @returns {Promise<string | null>} null if it was cancelled
 */
export function askWhy(question) {
  const place = document.body.appendChild(document.createElement("div"));
  return new Promise((resolve) => {
    /** @param {string | null} given */
    const answer = (given) => {
      render(null, place);
      place.remove();
      resolve(given);
    };
    render(h(WhyDialog, { ...question, onAnswer: answer }), place);
  });
}

/** @param {{title: string, text: string, yes: string, required: boolean, onAnswer: (text: string | null) => void}} props */
function WhyDialog({ title, text, yes, required, onAnswer }) {
  const [reason, setReason] = useState("");
  /** @param {Event} event */
  const send = (event) => {
    event.preventDefault();
    if (!required || reason.trim()) onAnswer(reason.trim());
  };
  return h(Dialog, { title, onClose: () => onAnswer(null) }, html`
    <form class="form" onSubmit=${send}>
      <p>${text}</p>
      ${h(Field, { label: t("moderation.why"), name: "reason", value: reason, onInput: setReason, lines: 2, maxlength: LONGEST, required, hint: t("moderation.why.hint") })}
      <div class="dialog-actions">
        <button type="button" class="button button-quiet" onClick=${() => onAnswer(null)}>${t("cancel")}</button>
        <button type="submit" class="button button-bad">${yes}</button>
      </div>
    </form>`);
}
