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
import { report } from "./report.js";
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

/** Whether a new reply belongs to the thread of this root. @param {Shown} reply @param {string} root @param {Set<string>} ids @param {Shown[]} own @param {PostComment[]} read @returns {boolean} */
function belongs(reply, root, ids, own, read) {
  if (reply.parent_id === root || read.some((each) => each.id === reply.parent_id)) return true;
  const parent = own.find((each) => each.id === reply.parent_id);
  return Boolean(parent?.parent_id && ids.has(parent.id) && belongs(parent, root, ids, own, read));
}

/** @param {{comment: Shown, onAnswer: (comment: PostComment) => void, onGone: () => void}} props */
function Line({ comment, onAnswer, onGone }) {
  const [text, setText] = useState(comment.text);
  const [edited, setEdited] = useState(/** @type {UserRef[]} */ ([])); // who is mentioned since it was edited
  const [draft, setDraft] = useState(/** @type {string | null} */ (null)); // while it is edited
  const [gone, setGone] = useState(false);
  const deleted = comment.deleted || gone || !comment.author;
  if (gone && comment.reply_count === 0) return null;
  if (deleted) return html`<p class="comment comment-deleted quiet">${t("comment.deleted")}</p>`;
  const author = /** @type {UserRef} */ (comment.author);
  const own = account.value?.id === author.id;
  /** @param {string} changed @returns {Promise<boolean>} */
  const save = async (changed) => {
    const before = text;
    setDraft(null);
    if (changed === before) return true;
    setText(changed);
    try {
      setEdited((await api.changeComment(comment.id, changed)).mentions);
      dropLists("comments of ");
      return true;
    } catch (error) {
      setText(before);
      setDraft(changed);
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
  /** @type {import("./menu.js").Entry[]} */
  const changes = [
    { label: t("edit"), icon: "edit", act: () => setDraft(text ?? "") },
    { label: t("delete"), icon: "trash", act: remove, bad: true },
  ];
  if (draft !== null) {
    return h(CommentForm, {
      label: t("comment.edit"), submit: t("save"), onSubmit: save, initial: draft, onCancel: () => setDraft(null),
    });
  }
  return html`
    <div class="comment ${comment.sending ? "sending" : ""}">
      ${h(Avatar, { person: author, size: "small" })}
      <div class="comment-text">
        <p>${h(Name, { person: author })} ${h(UserText, { text: text ?? "", mentions: text === comment.text ? comment.mentions : edited })}</p>
        <p class="comment-foot quiet">
          ${comment.sending ? t("sending") : h(Time, { iso: comment.created_at })}
          ${!comment.sending && h(CommentLikes, { comment })}
          ${account.value && !comment.sending && html`<button type="button" class="link" onClick=${() => onAnswer({ ...comment, text })}>${t("comment.answer")}</button>`}
        </p>
      </div>
      ${account.value && !comment.sending && h(Menu, { label: t("comment.menu"), entries: own ? changes : [{ label: t("report.menu"), icon: "flag", act: () => report({ kind: "comment", id: comment.id }) }] })}
    </div>`;
}

/** @param {{comment: PostComment}} props */
function CommentLikes({ comment }) {
  const [{ liked, like_count }, setLikes] = useState({ liked: comment.liked, like_count: comment.like_count });
  const [busy, setBusy] = useState(false);
  const like = async () => {
    if (busy) return;
    const before = { liked, like_count };
    setBusy(true);
    setLikes({ liked: !liked, like_count: like_count + (liked ? -1 : 1) });
    try {
      setLikes(await api.likeComment(comment.id, !liked));
      dropLists("comments of ");
    } catch (error) {
      setLikes(before);
      toastProblem(error);
    } finally {
      setBusy(false);
    }
  };
  const count = like_count > 0 && html`<span>${t("post.likes", { count: like_count })}</span>`;
  if (!account.value) return count || null;
  return html`
    <button type="button" class="link ${liked ? "liked" : ""}" aria-pressed=${liked} onClick=${like}>${t("comment.like")}</button>
    ${count}`;
}
