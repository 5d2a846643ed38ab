/** One comment with its replies. */

import { useState } from "preact/hooks";
import * as api from "../api.js";
import { h, html } from "../html.js";
import { account } from "../session.js";
import { List, dropLists } from "../state/lists.js";
import { t } from "../words/words.js";
import { Avatar } from "./avatar.js";
import { CommentForm } from "./comment-form.js";
import { confirm } from "./dialog.js";
import { ListEnd } from "./list.js";
import { Menu } from "./menu.js";
import { Name } from "./name.js";
import { Time, UserText } from "./text.js";
import { toastProblem } from "./toast.js";

/** @typedef {import("./comments.js").Shown} Shown */

/**
 * @param {{comment: Shown, own: Shown[], onAnswer: (comment: PostComment) => void, onGone: () => void}} props
 * `own` holds what was written since the list was read.
 */
export function Comment({ comment, own, onAnswer, onGone }) {
  const [replies, setReplies] = useState(/** @type {List<PostComment> | null} */ (null));
  const read = replies?.items.value ?? [];
  const known = new Set(read.map((each) => each.id));
  const ids = new Set([comment.id, ...known, ...own.map((each) => each.id)]);
  const mine = own.filter((each) => each.parent_id && !known.has(each.id) && belongs(each, comment.id, ids, own, read));
  const open = () => {
    const list = new List((cursor) => api.replies(comment.id, cursor));
    setReplies(list);
    void list.more(true);
  };
  return html`
    <li class="comment-thread">
      ${h(Line, { comment, onAnswer, onGone })}
      ${comment.reply_count > 0 && !replies && html`
        <button type="button" class="link comment-replies" onClick=${open}>${t("comment.replies", { count: comment.reply_count })}</button>`}
      ${(read.length > 0 || mine.length > 0 || replies) && html`
        <ol class="plain-list comment-answers">
          ${[...read, ...mine].map((each) => html`<li key=${each.id}>${h(Line, { comment: each, onAnswer, onGone })}</li>`)}
        </ol>
        ${replies && h(ListEnd, { list: replies, quiet: true })}`}
    </li>`;
}

/** Whether a new reply stands in the thread of this root. @param {Shown} reply @param {string} root @param {Set<string>} ids @param {Shown[]} own @param {PostComment[]} read @returns {boolean} */
function belongs(reply, root, ids, own, read) {
  if (reply.parent_id === root || read.some((each) => each.id === reply.parent_id)) return true;
  const parent = own.find((each) => each.id === reply.parent_id);
  return Boolean(parent?.parent_id && ids.has(parent.id) && belongs(parent, root, ids, own, read));
}

/** @param {{comment: Shown, onAnswer: (comment: PostComment) => void, onGone: () => void}} props */
function Line({ comment, onAnswer, onGone }) {
  const [text, setText] = useState(comment.text);
  const [editing, setEditing] = useState(false);
  const [gone, setGone] = useState(false);
  const deleted = comment.deleted || gone || !comment.author;
  if (gone && comment.reply_count === 0) return null;
  if (deleted) return html`<p class="comment comment-deleted quiet">${t("comment.deleted")}</p>`;
  const author = /** @type {UserRef} */ (comment.author);
  const own = account.value?.id === author.id;
  /** @param {string} changed @returns {Promise<boolean>} */
  const save = async (changed) => {
    const before = text;
    setText(changed);
    setEditing(false);
    try {
      await api.changeComment(comment.id, changed);
      dropLists("comments of ");
      return true;
    } catch (error) {
      setText(before);
      toastProblem(error);
      return false;
    }
  };
  const remove = async () => {
    if (!(await confirm(t("comment.delete.title"), t("comment.delete.text"), t("delete")))) return;
    setGone(true);
    try {
      await api.deleteComment(comment.id);
      dropLists("comments of ");
      onGone();
    } catch (error) {
      setGone(false);
      toastProblem(error);
    }
  };
  if (editing) {
    return h(CommentForm, {
      label: t("comment.edit"), submit: t("save"), onSubmit: save, initial: text ?? "", onCancel: () => setEditing(false),
    });
  }
  return html`
    <div class="comment ${comment.sending ? "sending" : ""}">
      ${h(Avatar, { person: author, size: "small" })}
      <div class="comment-text">
        <p>${h(Name, { person: author })} ${h(UserText, { text: text ?? "" })}</p>
        <p class="comment-foot quiet">
          ${comment.sending ? t("sending") : h(Time, { iso: comment.created_at })}
          ${account.value && !comment.sending && html`<button type="button" class="link" onClick=${() => onAnswer({ ...comment, text })}>${t("comment.answer")}</button>`}
        </p>
      </div>
      ${own && !comment.sending && h(Menu, {
        label: t("comment.menu"),
        entries: [
          { label: t("edit"), icon: "edit", act: () => setEditing(true) },
          { label: t("delete"), icon: "trash", act: remove, bad: true },
        ],
      })}
    </div>`;
}
