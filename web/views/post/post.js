/** One post with its comments. */

import { useEffect, useState } from "preact/hooks";
import { h, html } from "../../html.js";
import { asProblem } from "../../http.js";
import { CameraInfo } from "../../parts/camera-info.js";
import { Comments } from "../../parts/comments.js";
import { PostCard } from "../../parts/post-card.js";
import { PostSkeleton } from "../../parts/skeleton.js";
import { Head } from "../../parts/view.js";
import { fetchPost, forget, recall } from "../../state/posts.js";
import { explain, t } from "../../words/words.js";
import NotFound from "../notfound/notfound.js";

/** @param {{params: {id: string}}} props */
export default function PostView({ params: { id } }) {
  const [problem, setProblem] = useState(/** @type {import("../../http.js").Problem | null} */ (null));
  const [, setRead] = useState(false);
  const load = () => {
    setProblem(null);
    fetchPost(id).then(() => setRead(true)).catch((error) => {
      if (asProblem(error).status === 404) forget(id);
      setProblem(asProblem(error));
    });
  };
  useEffect(load, [id]);
  const post = recall(id)?.value;
  if (post === null || problem?.status === 404) return h(NotFound, { title: t("post.gone.title"), text: t("post.gone.text") });
  const title = post ? t("post.by", { name: post.author.name ?? "" }) : t("post.title");
  return html`
    <section class="page post-page">
      ${h(Head, { title, backTo: "/" })}
      ${post ? h(PostCard, { id, whole: true, eager: true }) : !problem && h(PostSkeleton, {})}
      ${problem && !post && html`<p class="problem" role="alert">${explain(problem)}</p><button type="button" class="button" onClick=${load}>${t("retry")}</button>`}
      ${post && h(CameraInfo, { media: post.media })}
      ${post && h(Comments, { postId: id })}
    </section>`;
}
