/** The moderators and admins, whose roles admins can change; the accounts to approve, and the suspended ones. */

import * as api from "../../api.js";
import { h, html } from "../../html.js";
import { Empty, ListEnd } from "../../parts/list.js";
import { PersonRow } from "../../parts/person.js";
import { toast, toastProblem } from "../../parts/toast.js";
import { account } from "../../session.js";
import { useList } from "../../state/lists.js";
import { t } from "../../words/words.js";
import { Frame, Links, askWhy } from "./frame.js";

const PATH = "/moderation/people";
const STATES = /** @type {const} */ (["team", "pending", "suspended"]);
const ROLES = /** @type {const} */ (["member", "moderator", "admin"]);

/** @param {typeof STATES[number]} state */
const address = (state) => (state === "team" ? PATH : `${PATH}?state=${state}`);

/** @param {{query: URLSearchParams}} props */
export default function ModerationPeople({ query }) {
  const state = STATES.find((each) => each === query.get("state")) ?? "team";
  const list = useList(`moderated ${state}`, (cursor) => api.moderatedAccounts(state, cursor));
  const letIn = state === "pending" ? "moderation.approve" : "moderation.reinstate";
  /** @param {() => Promise<any>} act @param {string} done */
  const change = async (act, done) => {
    try {
      await act();
      toast(done);
    } catch (error) {
      toastProblem(error);
    }
    await list.more(true);
  };
  /** @param {ModeratedAccount} found */
  const reinstate = ({ user }) => change(() => api.reinstate(user.id), t(`${letIn}.done`, { name: user.name ?? "" }));
  /** @param {ModeratedAccount} found */
  const refuse = async ({ user }) => {
    const reason = await askWhy({ title: t("moderation.refuse.title", { name: user.name ?? "" }), text: t("moderation.refuse.text"), yes: t("moderation.refuse"), required: true });
    if (reason) await change(() => api.suspend(user.id, reason), t("moderation.refuse.done", { name: user.name ?? "" }));
  };
  /** @param {ModeratedAccount} found @param {Account["role"]} role */
  const setRole = ({ user }, role) => change(() => api.setRole(user.id, role), t("moderation.role.done", { name: user.name ?? "", role: t(`role.${role}`) }));
  return html`
    <${Frame} current=${PATH}>
      ${h(Links, { label: t("moderation.people"), current: address(state), links: STATES.map((each) => ({ href: address(each), label: t(`moderation.${each}`) })) })}
      <ul class="plain-list people">${list.items.value.map((found) => html`
        <${PersonRow} key=${found.user.id} person=${found.user}>
          ${state === "pending" && html`<button type="button" class="button button-quiet button-small" aria-label=${t("moderation.refuse.name", { name: found.user.name ?? "" })} onClick=${() => refuse(found)}>${t("moderation.refuse")}</button>`}
          ${state !== "team"
            ? html`<button type="button" class="button button-quiet button-small" aria-label=${t(`${letIn}.name`, { name: found.user.name ?? "" })} onClick=${() => reinstate(found)}>${t(letIn)}</button>`
            : h(Role, { found, onChange: (role) => setRole(found, role) })}
        <//>`)}</ul>
      ${h(ListEnd, { list, quiet: true, empty: h(Empty, { icon: "person", title: t("moderation.nobody") }) })}
    <//>`;
}

/** @param {{found: ModeratedAccount, onChange: (role: Account["role"]) => void}} props */
function Role({ found, onChange }) {
  if (account.value?.role !== "admin" || account.value.id === found.user.id) return html`<span class="tag">${t(`role.${found.role}`)}</span>`;
  return html`
    <select class="select" aria-label=${t("moderation.role.name", { name: found.user.name ?? "" })} value=${found.role} onChange=${(/** @type {any} */ event) => onChange(event.target.value)}>
      ${ROLES.map((role) => html`<option key=${role} value=${role}>${t(`role.${role}`)}</option>`)}
    </select>`;
}
