/** The second step of a post: preview, caption, and upload progress. */

import { useEffect, useRef, useState } from "preact/hooks";
import * as api from "../../api.js";
import { h, html } from "../../html.js";
import { asProblem } from "../../http.js";
import { Field, FormProblem } from "../../parts/field.js";
import { Icon } from "../../parts/icon.js";
import { LocalPhoto } from "../../parts/local-photo.js";
import { announce, toast } from "../../parts/toast.js";
import { useTitle } from "../../parts/view.js";
import { go } from "../../router.js";
import { dropLists } from "../../state/lists.js";
import { remember } from "../../state/posts.js";
import { cancel, clearShots, sendShots, shots, take } from "../../state/uploads.js";
import { randomKey, read, remove, write } from "../../storage.js";
import { t } from "../../words/words.js";

const LONGEST_CAPTION = 2200;
const DRAFT = "caption";

/** @param {{onBack: () => void}} props */
export function Publish({ onBack }) {
  const [caption, setCaption] = useState("");
  const [problem, setProblem] = useState(/** @type {import("../../http.js").Problem | null} */ (null));
  const [wanted, setWanted] = useState(false);
  useTitle(t("compose.title"));
  const key = useRef(randomKey());
  const list = shots.value;
  const sent = list.filter((shot) => shot.state === "sent").length;
  const stuck = list.some((shot) => shot.state === "failed" || shot.state === "refused");
  const all = list.length > 0 && sent === list.length;

  useEffect(() => void read("drafts", DRAFT).then((kept) => kept && setCaption(kept)).catch(() => {}), []);
  useEffect(() => announce(t("compose.progress", { sent, count: list.length })), [sent, list.length]);
  useEffect(() => {
    if (wanted && all) void publish();
    if (wanted && stuck) setWanted(false);
  }, [wanted, all, stuck]);

  /** @param {string} text */
  const change = (text) => {
    setCaption(text);
    key.current = randomKey(); // another body needs another key
    void write("drafts", DRAFT, text).catch(() => {});
  };
  const publish = async () => {
    const media = shots.peek().map((shot) => /** @type {string} */ (shot.mediaId));
    try {
      const post = await api.publish(media, caption.trim(), key.current);
      remember(post);
      dropLists();
      await remove("drafts", DRAFT).catch(() => {});
      await go(`/p/${post.id}`, { replace: true });
      await clearShots();
      toast(t("compose.done"));
    } catch (error) {
      setProblem(asProblem(error));
      setWanted(false);
    }
  };
  /** @param {Event} event */
  const submit = (event) => {
    event.preventDefault();
    setProblem(null);
    if (!wanted) setWanted(true);
  };
  return html`
    <section class="page compose">
      <header class="view-head"><button type="button" class="icon-button" aria-label=${t("back")} onClick=${onBack}>${h(Icon, { name: "back" })}</button>
        <h1>${t("compose.caption.title")}</h1></header>
      <form class="form" onSubmit=${submit}>
        <ul class="previews plain-list">${list.map((shot, index) => h(Progress, { key: shot.key, shot, index }))}</ul>
        ${h(Field, { label: t("compose.caption"), name: "caption", value: caption, onInput: change, lines: 4, maxlength: LONGEST_CAPTION, problem, hint: t("compose.caption.left", { count: LONGEST_CAPTION - [...caption].length }) })}
        ${h(FormProblem, { problem, fields: ["caption"] })}
        <div class="form-actions">
          <button class="button button-large" disabled=${wanted || stuck}>${wanted ? t("compose.sharing") : t("compose.share")}</button>
        </div>
      </form>
    </section>`;
}

/** @param {{shot: import("../../state/uploads.js").Shot, index: number}} props */
function Progress({ shot, index }) {
  const waiting = shot.state === "waiting" || shot.state === "sending";
  return html`
    <li class="preview preview-${shot.state}">
      ${h(LocalPhoto, { src: shot.preview, alt: shot.alt })}
      ${waiting && html`
        <progress max="1" value=${shot.share} aria-label=${t("upload.progress", { index: index + 1 })}></progress>
        <button type="button" class="icon-button preview-button" aria-label=${t("upload.cancel", { index: index + 1 })} onClick=${() => cancel(shot.key)}>${h(Icon, { name: "close" })}</button>`}
      ${shot.state === "sent" && html`<span class="preview-done" role="img" aria-label=${t("upload.done")}>${h(Icon, { name: "check" })}</span>`}
      ${(shot.state === "failed" || shot.state === "refused") && html`
        <p class="problem" role="alert"><bdi>${shot.file.name}</bdi>: ${shot.reason}</p>
        <span class="preview-actions">
          ${shot.state === "failed" && html`<button type="button" class="button button-small" onClick=${() => sendShots(shot.key)}>${t("retry")}</button>`}
          <button type="button" class="button button-quiet button-small" onClick=${() => take(shot.key)}>${t("upload.remove")}</button>
        </span>`}
    </li>`;
}
