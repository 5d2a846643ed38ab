/** The menu of a post. */

import * as api from "../api.js";
import { BASE } from "../base.js";
import { h } from "../html.js";
import { go } from "../router.js";
import { account } from "../session.js";
import { dropLists } from "../state/lists.js";
import { forget } from "../state/posts.js";
import { t } from "../words/words.js";
import { Menu } from "./menu.js";
import { report } from "./report.js";
import { toast, toastProblem } from "./toast.js";

/** @param {{post: Post, leave: boolean}} props `leave`: this is the page of the post, so leave it when the post is deleted */
export function PostMenu({ post, leave }) {
  const address = `/p/${post.id}`;
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(location.origin + BASE + address);
      toast(t("post.copied"));
    } catch {
      toast(location.origin + BASE + address);
    }
  };
  const remove = async () => {
    const { confirm } = await import("./dialog.js");
    if (!(await confirm(t("post.delete.title"), t("post.delete.text"), t("delete")))) return;
    try {
      await api.deletePost(post.id);
    } catch (error) {
      toastProblem(error);
      return;
    }
    forget(post.id);
    dropLists("posts of ");
    toast(t("post.deleted"));
    if (leave) void go(`/@${account.value?.nickname ?? ""}`, { replace: true });
  };
  /** @type {import("./menu.js").Entry[]} */
  const entries = [{ label: t("post.copy"), icon: "link", act: copy }];
  if (!leave) entries.unshift({ label: t("post.open"), icon: "image", href: address });
  if (account.value?.id === post.author.id) {
    entries.push({ label: t("post.edit"), icon: "edit", href: `${address}/edit` });
    entries.push({ label: t("post.delete"), icon: "trash", act: remove, bad: true });
  } else if (account.value) {
    entries.push({ label: t("report.menu"), icon: "flag", act: () => report({ kind: "post", id: post.id }) });
  }
  return h(Menu, { label: t("post.menu"), entries });
}
