/** The start page for visitors: a description, login and sign-up, and the newest photos. */

import { useEffect, useState } from "preact/hooks";
import * as api from "../../api.js";
import { h, html } from "../../html.js";
import { Footer } from "../../parts/footer.js";
import { Mark } from "../../parts/icon.js";
import { Photo } from "../../parts/photo.js";
import { useTitle } from "../../parts/view.js";
import { t } from "../../words/words.js";

const MOST = 12;

export function Welcome() {
  const [posts, setPosts] = useState(/** @type {Post[]} */ ([]));
  useTitle("");
  useEffect(() => void api.everyonesPosts().then(({ items }) => setPosts(items.slice(0, MOST))).catch(() => {}), []);
  return html`
    <section class="welcome">
      <div class="welcome-text">
        <p class="brand brand-large">${h(Mark, {})}<span>Shutter</span></p>
        <h1>${t("welcome.title")}</h1>
        <p class="welcome-lead">${t("welcome.text")}</p>
        <p class="welcome-actions">
          <a class="button button-large" href="/signup">${t("signup")}</a>
          <a class="button button-quiet button-large" href="/login">${t("login")}</a>
        </p>
        <p><a href="/explore">${t("welcome.explore")}</a></p>
        ${h(Footer, {})}
      </div>
      <ul class="welcome-photos plain-list" aria-label=${t("welcome.photos")}>
        ${posts.map((post) => html`
          <li key=${post.id}><a href=${`/p/${post.id}`}>
            ${h(Photo, { media: post.media[0], alt: post.media[0].alt || t("photo.by", { name: post.author.name ?? "" }), sizes: "25vw", eager: true })}</a></li>`)}
      </ul>
    </section>`;
}
