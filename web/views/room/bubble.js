/** One message, sent or unsent. */

import { useState, useEffect } from "preact/hooks";
import { h, html } from "../../html.js";
import { Dialog } from "../../parts/dialog.js";
import { Icon } from "../../parts/icon.js";
import { LocalPhoto } from "../../parts/local-photo.js";
import { Photo } from "../../parts/photo.js";
import { report } from "../../parts/report.js";
import { UserText } from "../../parts/text.js";
import { account } from "../../session.js";
import { sentShare } from "../../state/outbox.js";
import { clock, full, knows, t } from "../../words/words.js";

const WIDEST = 320;
const HIGHEST = 400;

/**
 * @param {{
 *   message: Message, room: Room, first: boolean, highlit: boolean,
 *   onAnswer: ((message: Message) => void) | null, onJump: (id: string) => void,
 * }} props
 */
export function Bubble({ message, room, first, highlit, onAnswer, onJump }) {
  const own = message.sender.id === account.value?.id;
  const quote = message.reply_to;
  const author = nameOf(message.sender.id, room);
  return html`
    <article class="message ${own ? "own" : ""} ${first ? "message-first" : ""} ${highlit ? "message-highlit" : ""}" id=${`m-${message.id}`} tabindex="-1"
      aria-label=${t("message.label", { name: author, time: clock(message.created_at) })}>
      <div class="bubble bubble-${message.type}">
        ${quote && html`<button type="button" class="quote" onClick=${() => onJump(quote.id)}>${h(Quote, { quote, room })}</button>`}
        ${message.removed ? html`<span class="quiet">${t("message.removed")}</span>` : message.type === "text" && h(UserText, { text: message.text ?? "" })}
        ${message.type === "image" && message.image && h(Picture, { media: message.image, name: author })}
        ${message.type === "post" && message.post_id && h(SharedPost, { id: message.post_id, post: message.post })}
      </div>
      <span class="message-side">
        <time class="quiet" dateTime=${message.created_at} title=${full(message.created_at)}>${clock(message.created_at)}</time>
        ${!own && !message.removed && html`<button type="button" class="icon-button icon-button-small answer" aria-label=${t("message.report", { name: author })} onClick=${() => report({ kind: "message", id: message.id })}>${h(Icon, { name: "flag" })}</button>`}
        ${onAnswer && !message.removed && html`<button type="button" class="icon-button icon-button-small answer" aria-label=${t("message.answer", { name: author })} onClick=${() => onAnswer(message)}>${h(Icon, { name: "reply" })}</button>`}
      </span>
    </article>`;
}

/** @param {string} id @param {Room} room */
const nameOf = (id, room) => (id === account.value?.id ? t("you") : (room.peer.name ?? t("person.deleted")));

/**
 * The quoted message, in two lines, or its photo.
 * @param {{quote: {sender_id: string, type: string, text: string | null, thumbnail_url?: string | null, removed?: boolean}, room: Room}} props
 */
export const Quote = ({ quote, room }) => html`
  ${quote.thumbnail_url && html`<img class="quote-photo" src=${quote.thumbnail_url} alt="" width="40" height="40" loading="lazy" />`}
  <span class="quote-name"><bdi>${nameOf(quote.sender_id, room)}</bdi></span>
  <span class="quote-text" dir="auto">${quote.removed ? t("message.removed") : quote.type === "text" ? quote.text : t(`message.${quote.type}`)}</span>`;

/** @param {{media: Media, name: string}} props */
function Picture({ media, name }) {
  const [open, setOpen] = useState(false);
  const alt = media.alt || t("photo.by", { name });
  const scale = Math.min(1, WIDEST / media.width, HIGHEST / media.height);
  const size = { width: `${Math.round(media.width * scale)}px`, aspectRatio: `${media.width} / ${media.height}` };
  return html`
    <button type="button" class="picture" style=${size} onClick=${() => setOpen(true)} aria-label=${t("photo.enlarge", { alt })}>
      ${h(Photo, { media, alt: "", sizes: `${WIDEST}px` })}</button>
    ${open && h(Dialog, { title: t("message.image"), onClose: () => setOpen(false), wide: true }, html`
      <div class="enlarged" style=${{ aspectRatio: `${media.width} / ${media.height}` }}>${h(Photo, { media, alt, sizes: "90vw", eager: true })}</div>
      ${media.alt && html`<p class="enlarged-alt" dir="auto">${media.alt}</p>`}`)}`;
}

/** @param {{id: string, post: Message["post"]}} props `post` is null while it is not known */
function SharedPost({ id, post }) {
  if (post?.deleted) return html`<p class="shared-post shared-post-gone quiet">${t("message.post_gone")}</p>`;
  const name = post?.author?.name ?? t("message.post");
  return html`
    <a class="shared-post" href=${`/p/${id}`}>
      ${post?.thumbnail_url && html`<img class="shared-post-photo" src=${post.thumbnail_url} alt=${t("photo.by", { name })} loading="lazy" />`}
      <span class="shared-post-text"><span class="name"><bdi>${name}</bdi></span></span>
    </a>`;
}

/** @param {{item: import("../../state/outbox.js").Pending, room: Room, onRetry: () => void, onDiscard: () => void}} props */
export function PendingBubble({ item, room, onRetry, onDiscard }) {
  const [preview, setPreview] = useState("");
  const share = sentShare.value.get(item.key);
  useEffect(() => {
    if (!item.file) return;
    const address = URL.createObjectURL(item.file);
    setPreview(address);
    return () => URL.revokeObjectURL(address);
  }, [item.file]);
  const body = item.body;
  const why = item.failed && (knows(`problem.${item.failed}`) ? `problem.${item.failed}` : "problem.unexpected");
  return html`
    <article class="message own message-pending" aria-label=${t("message.pending")}>
      <div class="bubble">
        ${item.reply && html`<div class="quote">${h(Quote, { quote: item.reply, room })}</div>`}
        ${body?.type === "text" && h(UserText, { text: body.text })}
        ${body?.type === "post" && html`<span>${t("message.post")}</span>`}
        ${preview && h(LocalPhoto, { src: preview, alt: item.alt || t("message.image"), className: "pending-picture" })}
        ${item.file && !item.failed && html`<progress max="1" value=${share ?? 0} aria-label=${t("message.sending")}></progress>`}
      </div>
      <span class="message-side">
        ${why
          ? html`<span class="problem" role="alert">${t(why)}</span><button type="button" class="link" onClick=${onRetry}>${t("retry")}</button><button type="button" class="link" onClick=${onDiscard}>${t("delete")}</button>`
          : html`<span class="quiet">${t(navigator.onLine ? "message.sending" : "room.waiting")}</span>`}
      </span>
    </article>`;
}
