/** The form for a message and its photos. Enter sends, Shift and Enter begin a new line. */

import { useEffect, useRef, useState } from "preact/hooks";
import { h, html } from "../../html.js";
import { isSubmit, useGrowing } from "../../parts/field.js";
import { Icon } from "../../parts/icon.js";
import { account } from "../../session.js";
import { sendMessage } from "../../state/outbox.js";
import { signalTyping } from "../../state/typing.js";
import { read, remove, write } from "../../storage.js";
import { t } from "../../words/words.js";
import { Attachments, useAttachments } from "./attachments.js";

const MOST = 2000;

/**
 * @param {{
 *   roomId: string, name: string, field: {current: HTMLTextAreaElement | null}, reply: Message | null, onReplied: () => void,
 * }} props
 */
export function Composer({ roomId, name, field, reply, onReplied }) {
  const [text, setText] = useState("");
  const picker = useRef(/** @type {HTMLInputElement | null} */ (null));
  const photos = useAttachments();
  const draft = `message to ${roomId}`;
  useGrowing(field, text);
  useEffect(() => void read("drafts", draft).then((kept) => kept && setText((now) => now || kept)).catch(() => {}), [roomId]);
  const quote = reply && { id: reply.id, sender_id: reply.sender.id, type: reply.type, text: reply.text, thumbnail_url: reply.image?.thumbnail_url ?? null };

  /** @param {string} changed */
  const change = (changed) => {
    setText(changed);
    void (changed ? write("drafts", draft, changed) : remove("drafts", draft)).catch(() => {});
  };
  /** @param {Event} event */
  const send = (event) => {
    event.preventDefault();
    if (!text.trim() && !photos.list.length) return;
    void sendAll(photos.list, text.trim());
    change("");
    photos.clear();
    onReplied();
    field.current?.focus();
  };
  /** The photos first, each as a separate message. @param {typeof photos.list} list @param {string} given */
  const sendAll = async (list, given) => {
    for (const { file, alt } of list) await sendMessage(roomId, null, { file, alt: alt.trim(), reply: quote });
    if (given) await sendMessage(roomId, { type: "text", text: given, reply_to: reply?.id ?? null }, { reply: quote });
  };
  /** @param {KeyboardEvent} event */
  const onKeyDown = (event) => {
    if (isSubmit(event) && event.target instanceof HTMLTextAreaElement) send(event);
    else if (event.key === "Escape" && reply) onReplied();
  };
  /** @param {any} event */
  const onPaste = (event) => {
    const files = Array.from(event.clipboardData?.files ?? []);
    if (!files.length) return;
    event.preventDefault();
    void photos.add(/** @type {File[]} */ (files));
  };
  return html`
    <form class="composer" onSubmit=${send} onKeyDown=${onKeyDown}>
      ${reply && html`
        <p class="composer-reply"><span class="quote">
            <span class="quote-name">${t("message.answering", { name: reply.sender.id === account.value?.id ? t("you") : name })}</span>
            <span class="quote-text" dir="auto">${reply.type === "text" ? reply.text : t(`message.${reply.type}`)}</span></span>
          <button type="button" class="icon-button icon-button-small" aria-label=${t("cancel")} onClick=${onReplied}>${h(Icon, { name: "close" })}</button></p>`}
      ${h(Attachments, { list: photos.list, onDescribe: photos.describe, onRemove: photos.remove })}
      <div class="composer-line">
        <input ref=${picker} type="file" hidden accept="image/*,.heic,.heif" multiple
          onChange=${(/** @type {any} */ event) => {
            void photos.add(Array.from(event.target.files));
            event.target.value = "";
          }} />
        <button type="button" class="icon-button" aria-label=${t("composer.photo")} onClick=${() => picker.current?.click()}>${h(Icon, { name: "image" })}</button>
        <textarea ref=${field} rows="1" maxlength=${MOST} dir="auto" value=${text} aria-label=${t("composer.label", { name })} placeholder=${t("composer.placeholder")}
          onInput=${(/** @type {any} */ event) => {
            change(event.target.value);
            if (event.target.value) signalTyping(roomId);
          }} onPaste=${onPaste}></textarea>
        <button type="submit" class="icon-button send" disabled=${!text.trim() && !photos.list.length} aria-label=${t("composer.send")}>${h(Icon, { name: "send" })}</button>
      </div>
    </form>`;
}
