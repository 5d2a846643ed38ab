/** The menu of a profile: muting, removing a follower, blocking, reporting; suspending and appointing for moderators. */

import * as api from "../../api.js";
import { h } from "../../html.js";
import { Menu } from "../../parts/menu.js";
import { report } from "../../parts/report.js";
import { toast, toastProblem } from "../../parts/toast.js";
import { account } from "../../session.js";
import { relationTo, removeFollower, restrict } from "../../state/relations.js";
import { t } from "../../words/words.js";

/** @param {{profile: Profile, onChange: () => void}} props `onChange` is called when the counts may have changed */
export function PersonMenu({ profile: { id, name }, onChange }) {
  const relation = relationTo(id).value;
  if (!relation) return null;
  const mute = async () => {
    if (await restrict("mute", id, !relation.muting) && !relation.muting) toast(t("profile.mute.done", { name }));
  };
  const remove = async () => {
    if (!(await removeFollower(id))) return;
    toast(t("profile.remove.done", { name }));
    onChange();
  };
  const block = async () => {
    const { confirm } = await import("../../parts/dialog.js");
    if (!relation.blocking && !(await confirm(t("profile.block.title", { name }), t("profile.block.text", { name }), t("profile.block")))) return;
    if (await restrict("block", id, !relation.blocking)) onChange();
  };
  const suspend = async () => {
    const { askWhy } = await import("../moderation/frame.js");
    const reason = await askWhy({ title: t("moderation.suspend.title", { name }), text: t("report.do.suspend.text"), yes: t("moderation.suspend"), required: true });
    if (reason) await api.suspend(id, reason).then(() => (toast(t("moderation.suspended.done", { name })), onChange()), toastProblem);
  };
  const appoint = async () => {
    const { confirm } = await import("../../parts/dialog.js");
    if (!(await confirm(t("moderation.appoint.title", { name }), t("moderation.appoint.text"), t("moderation.appoint")))) return;
    await api.setRole(id, "moderator").then(() => toast(t("moderation.role.done", { name, role: t("role.moderator") })), toastProblem);
  };
  /** @type {import("../../parts/menu.js").Entry[]} */
  const entries = [{ label: t(relation.muting ? "profile.unmute" : "profile.mute"), icon: relation.muting ? "plus" : "close", act: mute }];
  if (relation.followed_by) entries.push({ label: t("profile.remove"), icon: "person", act: remove });
  entries.push({ label: t(relation.blocking ? "profile.unblock" : "profile.block"), icon: "leave", act: block, bad: !relation.blocking });
  entries.push({ label: t("report.menu"), icon: "flag", act: () => report({ kind: "user", id }) });
  const role = account.value?.role;
  if (role && role !== "member") entries.push({ label: t("moderation.suspend"), icon: "muted", act: suspend, bad: true });
  if (role === "admin") entries.push({ label: t("moderation.appoint"), icon: "person", act: appoint });
  return h(Menu, { label: t("profile.menu"), entries });
}
