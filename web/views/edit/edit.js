/** Changing one's own post: its caption, and which photos it has in which order. */

import { useEffect, useState } from "preact/hooks";
import * as api from "../../api.js";
import { h, html } from "../../html.js";
import { asProblem } from "../../http.js";
import { Chooser } from "../../parts/chooser.js";
import { Field, FormProblem } from "../../parts/field.js";
import { Spinner } from "../../parts/list.js";
import { LocalPhoto } from "../../parts/local-photo.js";
import { Photo } from "../../parts/photo.js";
import { ShotList } from "../../parts/shot-list.js";
import { toast } from "../../parts/toast.js";
import { Head } from "../../parts/view.js";
import { go } from "../../router.js";
import { account } from "../../session.js";
import { limits } from "../../state/limits.js";
import { fetchPost, recall, remember } from "../../state/posts.js";
import { t } from "../../words/words.js";
import NotFound from "../notfound/notfound.js";
import { useEditedPhotos } from "./photos.js";

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
  const { photos, add, move, describe, take, retry } = useEditedPhotos(post.media);
  const [most, setMost] = useState(0);
  const [problem, setProblem] = useState(/** @type {import("../../http.js").Problem | null} */ (null));
  const [busy, setBusy] = useState(false);
  useEffect(() => void limits().then((found) => setMost(found.photos)), []);
  const media = photos.flatMap((each) => each.media ?? []);
  const sending = media.length < photos.length;
  /** @param {Event} event */
  const submit = async (event) => {
    event.preventDefault();
    setBusy(true);
    const ids = media.map((each) => each.id);
    const same = ids.join() === post.media.map((each) => each.id).join();
    try {
      for (const { media: own, alt } of photos) {
        if (own && (own.alt ?? "") !== alt.trim()) await api.describePhoto(own.id, alt.trim() || null);
      }
      remember(await api.changePost(post.id, { caption: caption.trim(), ...(same ? {} : { media_ids: ids }) }));
      toast(t("edit.saved"));
      await go(`/p/${post.id}`, { replace: true });
    } catch (error) {
      setProblem(asProblem(error));
      setBusy(false);
    }
  };
  const items = photos.map((each, index) => ({
    key: each.key, alt: each.alt, stays: photos.length === 1,
    picture: each.media ? h(Photo, { media: each.media, alt: each.alt, sizes: "96px" }) : h(LocalPhoto, { src: each.preview, alt: each.alt }),
    more: more(each, index, () => retry(each.key)),
  }));
  return html`
    <form class="form" onSubmit=${submit}>
      ${h(ShotList, { items, onMove: move, onDescribe: describe, onRemove: take })}
      ${photos.length < most && h(Chooser, { many: photos.length, onChoose: (files) => void add(files) })}
      ${h(Field, { label: t("compose.caption"), name: "caption", value: caption, onInput: setCaption, lines: 4, maxlength: LONGEST_CAPTION, problem })}
      ${h(FormProblem, { problem, fields: ["caption"] })}
      <div class="form-actions"><button class="button button-large" disabled=${busy || sending}>${t("save")}</button></div>
    </form>`;
}

/** What is said of a photo that is added. @param {import("./photos.js").Edited} photo @param {number} index @param {() => void} onRetry */
function more({ media, file, share, reason, lasting }, index, onRetry) {
  if (media || !file) return null;
  if (!reason) return html`<progress max="1" value=${share} aria-label=${t("upload.progress", { index: index + 1 })}></progress>`;
  return html`
    <p class="problem" role="alert"><bdi>${file.name}</bdi>: ${reason}</p>
    ${!lasting && html`<button type="button" class="button button-small" onClick=${onRetry}>${t("retry")}</button>`}`;
}
