/** The reports, for moderators: each can be taken, released and resolved. */

import * as api from "../../api.js";
import { h, html } from "../../html.js";
import { Empty, ListEnd } from "../../parts/list.js";
import { Name } from "../../parts/name.js";
import { Time, UserText } from "../../parts/text.js";
import { toast, toastProblem } from "../../parts/toast.js";
import { account } from "../../session.js";
import { useList } from "../../state/lists.js";
import { t } from "../../words/words.js";
import { Frame, Links, askWhy } from "./frame.js";

const STATES = /** @type {const} */ (["open", "taken", "resolved"]);

/** @param {{query: URLSearchParams}} props */
export default function Moderation({ query }) {
  const state = STATES.find((each) => each === query.get("state")) ?? "open";
  const list = useList(`reports ${state}`, (cursor) => api.reports(state, cursor));
  /** @param {ModeratedReport} report @param {ReportChange} body */
  const change = async (report, body) => {
    try {
      await api.changeReport(report.id, body);
      toast(t(`report.now.${body.state}`));
    } catch (error) {
      toastProblem(error); // another moderator was faster, so the list is not up to date
    }
    await list.more(true);
  };
  const address = /** @param {string} each */ (each) => (each === "open" ? "/moderation" : `/moderation?state=${each}`);
  return html`
    <${Frame} current="/moderation">
      ${h(Links, { label: t("moderation.states"), current: address(state), links: STATES.map((each) => ({ href: address(each), label: t(`report.state.${each}`) })) })}
      <ul class="plain-list rows">${list.items.value.map((report) => h(Report, { key: report.id, report, onChange: (body) => change(report, body) }))}</ul>
      ${h(ListEnd, { list, quiet: true, empty: h(Empty, { icon: "check", title: t("moderation.empty") }) })}
    <//>`;
}

/** @param {{report: ModeratedReport, onChange: (body: ReportChange) => void}} props */
function Report({ report, onChange }) {
  const { kind, id } = report.subject;
  const post = kind === "post" ? id : report.content.post_id;
  return html`
    <li class="report">
      <h2>${t(`report.of.${kind}`, { reason: t(`reason.${report.reason}`) })}</h2>
      <p class="quiet">${h(Name, { person: report.user })} · ${t("report.by")} ${h(Name, { person: report.reporter })} · ${h(Time, { iso: report.created_at })}</p>
      ${report.note && html`<blockquote class="note">${h(UserText, { text: report.note })}</blockquote>`}
      ${report.content.messages.length
        ? html`<ol class="plain-list report-content">${report.content.messages.map((message) => h(Message, { key: message.id, message, report }))}</ol>`
        : report.content.text && html`<blockquote class="report-content">${h(UserText, { text: report.content.text })}</blockquote>`}
      ${post && html`<p><a href=${`/p/${post}`}>${t("report.post")}</a></p>`}
      ${report.state === "resolved"
        ? html`<p class="quiet">${t(`report.action.${report.action ?? "none"}`)}${report.moderator && html` · ${h(Name, { person: report.moderator })}`}</p>`
        : h(Actions, { report, onChange })}
    </li>`;
}

/** @param {{message: ReportedMessage, report: ModeratedReport}} props */
const Message = ({ message, report }) => html`
  <li><span class="name">${h(Name, { person: message.sender_id === report.user.id ? report.user : report.reporter })}</span>${" "}
    ${message.type === "text" ? h(UserText, { text: message.text ?? "" }) : html`<span class="quiet">${t(`message.${message.type}`)}</span>`}</li>`;

/** @param {{report: ModeratedReport, onChange: (body: ReportChange) => void}} props */
function Actions({ report, onChange }) {
  const own = report.moderator?.id === account.value?.id;
  if (report.state === "taken" && !own) {
    return html`
      <p class="quiet">${t("report.taken.by")} ${report.moderator && h(Name, { person: report.moderator })}</p>
      ${account.value?.role === "admin" && html`<div class="form-actions"><button type="button" class="button button-quiet button-small" onClick=${() => onChange({ state: "open" })}>${t("report.release")}</button></div>`}`;
  }
  /** @param {ReportChange["action"]} action */
  const resolve = async (action) => {
    const message = await askWhy({ title: t(`report.do.${action}`), text: t(`report.do.${action}.text`), yes: t(`report.do.${action}`), required: false });
    if (message !== null) onChange({ state: "resolved", action, message: message || null });
  };
  return html`
    <div class="form-actions">
      ${own
        ? html`<button type="button" class="button button-quiet button-small" onClick=${() => onChange({ state: "open" })}>${t("report.release")}</button>`
        : html`<button type="button" class="button button-small" onClick=${() => onChange({ state: "taken" })}>${t("report.take")}</button>`}
      ${own && html`
        <button type="button" class="button button-quiet button-small" onClick=${() => onChange({ state: "resolved", action: "none" })}>${t("report.do.none")}</button>
        ${report.subject.kind !== "user" && html`<button type="button" class="button button-bad button-small" onClick=${() => resolve("remove_content")}>${t("report.do.remove_content")}</button>`}
        <button type="button" class="button button-bad button-small" onClick=${() => resolve("suspend")}>${t("report.do.suspend")}</button>`}
    </div>`;
}
