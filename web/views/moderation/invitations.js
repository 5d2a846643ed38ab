/** Invitations to sign up: making one, whose code is shown once, and revoking one. */

import { useState } from "preact/hooks";
import * as api from "../../api.js";
import { BASE } from "../../base.js";
import { h, html } from "../../html.js";
import { Problem, asProblem } from "../../http.js";
import { Field, FormProblem } from "../../parts/field.js";
import { Empty, ListEnd } from "../../parts/list.js";
import { Name } from "../../parts/name.js";
import { Time } from "../../parts/text.js";
import { toast, toastProblem } from "../../parts/toast.js";
import { useList } from "../../state/lists.js";
import { full, t } from "../../words/words.js";
import { Frame } from "./frame.js";

export default function Invitations() {
  const list = useList("invitations", api.invitations);
  /** @param {InvitationState} invitation */
  const revoke = async (invitation) => {
    await api.revokeInvitation(invitation.id).then(() => toast(t("invitation.revoked")), toastProblem);
    await list.more(true);
  };
  return html`
    <${Frame} current="/moderation/invitations">
      ${h(InviteForm, { onMade: () => void list.more(true) })}
      <ul class="plain-list rows">${list.items.value.map((each) => html`
        <li class="row" key=${each.id}>
          <div class="row-text">
            <span class="name">${t("invitation.left", { left: each.uses_left, uses: each.uses })}</span>
            <span class="quiet">${t("log.by")} ${each.creator ? h(Name, { person: each.creator }) : t("log.operator")} · ${h(Time, { iso: each.created_at })} · ${t("invitation.until", { time: full(each.expires_at) })}</span>
          </div>
          <button type="button" class="button button-quiet button-small" aria-label=${t("invitation.revoke.name", { time: full(each.created_at) })} onClick=${() => revoke(each)}>${t("invitation.revoke")}</button>
        </li>`)}</ul>
      ${h(ListEnd, { list, quiet: true, empty: h(Empty, { icon: "person", title: t("invitation.none") }) })}
    <//>`;
}

/** @param {{onMade: () => void}} props */
function InviteForm({ onMade }) {
  const [given, setGiven] = useState({ uses: "1", days: "14" });
  const [code, setCode] = useState("");
  const [problem, setProblem] = useState(/** @type {Problem | null} */ (null));
  /** @param {keyof typeof given} name */
  const field = (name) => ({
    name, label: t(`invitation.${name}`), value: given[name], problem, type: "number", required: true, inputmode: "numeric",
    onInput: /** @param {string} value */ (value) => setGiven((before) => ({ ...before, [name]: value })),
  });
  /** @param {Event} event */
  const submit = async (event) => {
    event.preventDefault();
    try {
      setCode((await api.invite(Number(given.uses), Number(given.days))).code);
      setProblem(null);
      onMade();
    } catch (error) {
      setProblem(asProblem(error));
    }
  };
  return html`
    <form class="form card" onSubmit=${submit}>
      <p>${t("invitation.text")}</p>
      ${h(Field, field("uses"))}
      ${h(Field, field("days"))}
      ${h(FormProblem, { problem, fields: ["uses", "days"] })}
      <div class="form-actions"><button class="button">${t("invitation.make")}</button></div>
      ${code && html`<p class="note" role="status">${t("invitation.code")} <strong>${code}</strong><br /><bdi class="report-content">${`${location.origin}${BASE}/signup?invitation=${code}`}</bdi></p>`}
    </form>`;
}
