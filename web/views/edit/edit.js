/** Changing one's own post: its caption, and which photos it has in which order. */

import { useEffect, useState } from "preact/hooks";
import * as api from "../../api.js";
import { h, html } from "../../html.js";
import { asProblem } from "../../http.js";
import { Field, FormProblem } from "../../parts/field.js";
import { Icon } from "../../parts/icon.js";
import { Spinner } from "../../parts/list.js";
import { Photo } from "../../parts/photo.js";
import { toast } from "../../parts/toast.js";
import { Head } from "../../parts/view.js";
import { go } from "../../router.js";
import { account } from "../../session.js";
import { fetchPost, recall, remember } from "../../state/posts.js";
import { t } from "../../words/words.js";
import NotFound from "../notfound/notfound.js";

const LONGEST_CAPTION = 2200;

/** @param {{params: {id: string}}} props */
export default function Edit({ params: { id } }) {
  const [post, setPost] = useState(recall(id)?.peek() ?? null);
  const [missing, setMissing] = useState(false);
  useEffect(() => void fetchPost(id).then(setPost, () => setMissing(!post)), [id]);
  const own = post && post.author.id === account.value?.id;
  if (missing || (post && !own)) return h(NotFound, { title: t("post.gone.title"), text: t("post.gone.text") });
  return html`
    <section class="page">
      ${h(Head, { title: t("edit.title"), backTo: `/p/${id}` })}
      ${post ? h(Form, { key: post.updated_at, post }) : h(Spinner, {})}
    </section>`;
}

/** @param {{post: Post}} props */
function Form({ post }) {
  const [caption, setCaption] = useState(post.caption ?? "");
  const [media, setMedia] = useState(post.media);
  const [problem, setProblem] = useState(/** @type {import("../../http.js").Problem | null} */ (null));
  const [busy, setBusy] = useState(false);
  /** @param {number} from @param {number} to */
  const move = (from, to) => {
    const changed = [...media];
    changed.splice(to, 0, ...changed.splice(from, 1));
    setMedia(changed);
  };
  /** @param {Event} event */
  const submit = async (event) => {
    event.preventDefault();
    setBusy(true);
    const ids = media.map((each) => each.id);
    const same = ids.join() === post.media.map((each) => each.id).join();
    try {
      remember(await api.changePost(post.id, { caption: caption.trim(), ...(same ? {} : { media_ids: ids }) }));
      toast(t("edit.saved"));
      await go(`/p/${post.id}`, { replace: true });
    } catch (error) {
      setProblem(asProblem(error));
      setBusy(false);
    }
  };
  return html`
    <form class="form" onSubmit=${submit}>
      <ol class="shots plain-list">
        ${media.map((each, index) => html`
          <li class="shot" key=${each.id}>
            <div class="shot-picture">${h(Photo, { media: each, alt: each.alt ?? "", sizes: "96px", small: true })}</div>
            <p class="shot-text quiet">${each.alt || t("compose.no_alt")}</p>
            <div class="shot-buttons">
              <button type="button" class="icon-button" disabled=${index === 0} aria-label=${t("compose.earlier", { index: index + 1 })} onClick=${() => move(index, index - 1)}>${h(Icon, { name: "up" })}</button>
              <button type="button" class="icon-button" disabled=${index === media.length - 1} aria-label=${t("compose.later", { index: index + 1 })} onClick=${() => move(index, index + 1)}>${h(Icon, { name: "down" })}</button>
              <button type="button" class="icon-button" disabled=${media.length === 1} aria-label=${t("compose.remove", { index: index + 1 })} onClick=${() => setMedia(media.filter((other) => other !== each))}>${h(Icon, { name: "trash" })}</button>
            </div>
          </li>`)}
      </ol>
      ${h(Field, { label: t("compose.caption"), name: "caption", value: caption, onInput: setCaption, lines: 4, maxlength: LONGEST_CAPTION, problem })}
      ${h(FormProblem, { problem, fields: ["caption"] })}
      <div class="form-actions"><button class="button button-large" disabled=${busy}>${t("save")}</button></div>
    </form>`;
}
