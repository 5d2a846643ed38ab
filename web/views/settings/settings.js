/** One's own account: picture, data, password, and the way to sessions, activity and deletion. */

import { h, html } from "../../html.js";
import { Footer } from "../../parts/footer.js";
import { Icon } from "../../parts/icon.js";
import { Head } from "../../parts/view.js";
import { account, logOut } from "../../session.js";
import { t } from "../../words/words.js";
import { AvatarForm } from "./avatar-form.js";
import { DataForm } from "./data-form.js";
import { PasswordForm } from "./password-form.js";

const PAGES = /** @type {const} */ ([
  ["/settings/sessions", "sessions.title"],
  ["/settings/activity", "activity.title"],
  ["/settings/deletion", "deletion.title"],
]);

export default function Settings() {
  const me = account.value;
  if (!me) return null;
  return html`
    <section class="page settings">
      ${h(Head, { title: t("settings.title") })}
      <section class="card"><h2>${t("settings.avatar")}</h2>${h(AvatarForm, { me })}</section>
      <section class="card"><h2>${t("settings.data")}</h2>${h(DataForm, { me })}</section>
      <section class="card"><h2>${t("settings.password")}</h2>${h(PasswordForm, { me })}</section>
      <nav class="card settings-links" aria-label=${t("settings.more")}>
        ${PAGES.map(([href, label]) => html`<a key=${href} class="settings-link" href=${href}>${t(label)}${h(Icon, { name: "right" })}</a>`)}
        <button type="button" class="settings-link" onClick=${logOut}>${t("logout")}${h(Icon, { name: "leave" })}</button>
      </nav>
      <div class="settings-foot">${h(Footer, {})}</div>
    </section>`;
}
