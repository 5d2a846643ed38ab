/** The menu of a profile: muting, removing a follower, blocking. */

import { h } from "../../html.js";
import { Menu } from "../../parts/menu.js";
import { toast } from "../../parts/toast.js";
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
  /** @type {import("../../parts/menu.js").Entry[]} */
  const entries = [{ label: t(relation.muting ? "profile.unmute" : "profile.mute"), icon: relation.muting ? "plus" : "close", act: mute }];
  if (relation.followed_by) entries.push({ label: t("profile.remove"), icon: "person", act: remove });
  entries.push({ label: t(relation.blocking ? "profile.unblock" : "profile.block"), icon: "leave", act: block, bad: !relation.blocking });
  return h(Menu, { label: t("profile.menu"), entries });
}
