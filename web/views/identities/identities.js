/** The accounts at other providers that let one in: linking and unlinking. */

import { useEffect, useState } from "preact/hooks";
import * as api from "../../api.js";
import { h, html } from "../../html.js";
import { asProblem } from "../../http.js";
import { FormProblem } from "../../parts/field.js";
import { ListEnd } from "../../parts/list.js";
import { Time } from "../../parts/text.js";
import { toast } from "../../parts/toast.js";
import { Head } from "../../parts/view.js";
import { account } from "../../session.js";
import { leave, providers } from "../../sign-in.js";
import { useList } from "../../state/lists.js";
import { t } from "../../words/words.js";

export default function Identities() {
  const list = useList("identities", api.identities);
  const [known, setKnown] = useState(/** @type {SignInProvider[]} */ ([]));
  const [problem, setProblem] = useState(/** @type {import("../../http.js").Problem | null} */ (null));
  const [sent, setSent] = useState(false);
  useEffect(() => void providers().then(setKnown), []);
  const items = list.items.value;
  /** @param {string} id */
  const nameOf = (id) => known.find((each) => each.id === id)?.name ?? id;
  /** @param {() => Promise<unknown>} change */
  const run = async (change) => {
    setProblem(null);
    await change().catch((error) => setProblem(asProblem(error)));
  };
  /** @param {string} provider */
  const unlink = (provider) => run(async () => {
    await api.unlinkIdentity(provider);
    toast(t("identities.unlinked", { name: nameOf(provider) }));
    await list.more(true);
  });
  const sendLink = () => run(async () => {
    await api.requestPasswordReset(account.value?.email ?? "");
    setSent(true);
  });
  const others = known.filter(({ id }) => !items.some((each) => each.provider === id));
  return html`
    <section class="page">
      ${h(Head, { title: t("identities.title"), backTo: "/settings" })}
      <ul class="plain-list rows">
        ${items.map((each) => html`
          <li class="row" key=${each.provider}>
            <div class="row-text"><span class="name"><bdi>${nameOf(each.provider)}</bdi></span>
              <span class="quiet">${each.email && html`<bdi>${each.email}</bdi> · `}${each.last_used_at ? html`${t("sessions.used")} ${h(Time, { iso: each.last_used_at })}` : t("passkeys.unused")}</span></div>
            <button type="button" class="button button-quiet button-small" aria-label=${t("identities.unlink.name", { name: nameOf(each.provider) })} onClick=${() => unlink(each.provider)}>${t("identities.unlink")}</button>
          </li>`)}
      </ul>
      ${h(ListEnd, { list, quiet: true })}
      ${h(FormProblem, { problem, fields: [] })}
      <div class="card">
        <h2>${t("identities.new")}</h2>
        <p>${t("identities.text")}</p>
        ${others.map((provider) => html`
          <p key=${provider.id}><button type="button" class="button" onClick=${() => run(() => leave(provider, { linking: true }))}>${t("identities.link.name", { name: provider.name })}</button></p>`)}
        ${!others.length && html`<p class="note">${t("identities.none")}</p>`}
      </div>
      ${account.value && !account.value.has_password && html`
        <div class="card">
          <h2>${t("settings.password")}</h2>
          <p>${t("identities.password")}</p>
          ${sent ? html`<p class="note" role="status">${t("identities.sent")}</p>` : html`<button type="button" class="button" onClick=${sendLink}>${t("identities.send")}</button>`}
        </div>`}
    </section>`;
}
