/** The comments of a post and their replies, which can be written, edited and deleted in place. */

import { useRef, useState } from "preact/hooks";
import * as api from "../api.js";
import { h, html } from "../html.js";
import { account } from "../session.js";
import { randomKey } from "../storage.js";
import { dropLists, useList } from "../state/lists.js";
import { amend, recall } from "../state/posts.js";
import { t } from "../words/words.js";
import { Comment } from "./comment.js";
import { CommentForm } from "./comment-form.js";
import { Empty, ListEnd } from "./list.js";
import { announce, toastProblem } from "./toast.js";
import { Icon } from "./icon.js";

/** @typedef {PostComment & {sending?: boolean}} Shown */

/** @param {{postId: string}} props */
export function Comments({ postId }) {
  const list = useList(`comments of ${postId}`, (cursor) => api.comments(postId, cursor));
  const [own, setOwn] = useState(/** @type {Shown[]} */ ([]));
  const [answered, setAnswered] = useState(/** @type {PostComment | null} */ (null));
  const field = useRef(/** @type {HTMLTextAreaElement | null} */ (null));
  const roots = merged(list.items.value, own.filter((each) => !each.parent_id));
  const count = /** @param {number} by */ (by) => {
    const post = recall(postId)?.peek();
    if (post) amend(postId, { comment_count: post.comment_count + by });
  };

  /** @param {string} text @returns {Promise<boolean>} whether it was taken */
  const write = async (text) => {
    const parent = answered;
    const draft = fresh(postId, text, parent);
    setOwn((before) => [...before, draft]);
    setAnswered(null);
    count(1);
    try {
      const made = await api.comment(postId, { text, parent_id: parent?.id ?? null }, draft.id);
      setOwn((before) => before.map((each) => (each.id === draft.id ? made : each)));
      dropLists("comments of ");
      announce(t("comment.sent"));
      return true;
    } catch (error) {
      setOwn((before) => before.filter((each) => each.id !== draft.id));
      setAnswered(parent);
      count(-1);
      toastProblem(error);
      return false;
    }
  };
  /** @param {PostComment} comment */
  const answer = (comment) => {
    setAnswered(comment);
    field.current?.focus();
  };
  return html`
    <section class="comments" aria-label=${t("comments.title")}>
      <h2 class="visually-hidden">${t("comments.title")}</h2>
      <ol class="plain-list comment-list">
        ${roots.map((root) => h(Comment, { key: root.id, comment: root, own, onAnswer: answer, onGone: () => count(-1) }))}
      </ol>
      ${h(ListEnd, { list, quiet: true, empty: own.length ? null : h(Empty, { icon: "comment", title: t("comments.empty") }) })}
      ${account.value && html`
        <div class="comment-write">
          ${answered && html`
            <p class="answering quiet">${t("comment.answering", { name: answered.author?.name ?? "" })}
              <button type="button" class="icon-button icon-button-small" aria-label=${t("cancel")} onClick=${() => setAnswered(null)}>${h(Icon, { name: "close" })}</button></p>`}
          ${h(CommentForm, { field, label: t("comment.label"), submit: t("comment.send"), onSubmit: write, draft: `comment on ${postId}` })}
        </div>`}
      ${account.value === null && html`<p class="comment-login"><a href=${`/login?next=${encodeURIComponent(`/p/${postId}`)}`}>${t("comment.login")}</a></p>`}
    </section>`;
}

/** @param {PostComment[]} read @param {Shown[]} own @returns {Shown[]} each once, the own ones that were not read yet last */
function merged(read, own) {
  const known = new Set(read.map((comment) => comment.id));
  return [...read, ...own.filter((comment) => !known.has(comment.id))];
}

/** @param {string} postId @param {string} text @param {PostComment | null} parent @returns {Shown} */
function fresh(postId, text, parent) {
  const me = /** @type {Account} */ (account.peek());
  const now = new Date().toISOString();
  const author = { id: me.id, nickname: me.nickname, name: me.name, avatar_url: me.avatar_url, deleted: false };
  return {
    id: randomKey(), post_id: postId, parent_id: parent?.id ?? null, author, text, deleted: false, reply_count: 0,
    like_count: 0, liked: false, mentions: [], created_at: now, updated_at: now, sending: true,
  };
}
