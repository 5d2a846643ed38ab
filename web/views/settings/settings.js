/** The own account: avatar, data, password, and links to the second factor, passkeys, identities, sessions, activity, notifications, messages, blocks, mutes, export and deletion. */

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
  ["/saved", "saved.title"],
  ["/settings/email", "email.title"],
  ["/settings/second-factor", "second.title"],
  ["/settings/passkeys", "passkeys.title"],
  ["/settings/identities", "identities.title"],
  ["/settings/sessions", "sessions.title"],
  ["/settings/activity", "activity.title"],
  ["/settings/notifications", "notifications.settings"],
  ["/settings/messages", "writers.title"],
  ["/settings/blocks", "blocks.title"],
  ["/settings/mutes", "mutes.title"],
  ["/settings/export", "export.title"],
  ["/settings/deletion", "deletion.title"],
]);

export default function Settings() {
  const me = account.value;
  if (!me) return null;
  return html`
    <section class="page settings">
      ${h(Head, { title: t("settings.title") })}
      ${!me.email_verified && html`<p class="note">${t("settings.unverified")} <a href="/settings/email">${t("confirm.title")}</a></p>`}
      <section class="card"><h2>${t("settings.avatar")}</h2>${h(AvatarForm, { me })}</section>
      <section class="card"><h2>${t("settings.data")}</h2>${h(DataForm, { me })}</section>
      <section class="card"><h2>${t("settings.password")}</h2>${h(PasswordForm, { me })}</section>
      <nav class="card settings-links" aria-label=${t("settings.more")}>
        ${me.role !== "member" && html`<a class="settings-link" href="/moderation">${t("moderation.title")}${h(Icon, { name: "right" })}</a>`}
        ${PAGES.map(([href, label]) => html`<a key=${href} class="settings-link" href=${href}>${t(label)}${h(Icon, { name: "right" })}</a>`)}
        <button type="button" class="settings-link" onClick=${logOut}>${t("logout")}${h(Icon, { name: "leave" })}</button>
      </nav>
      <div class="settings-foot">${h(Footer, {})}</div>
    </section>`;
}
