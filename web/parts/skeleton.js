/** A placeholder with the shape of a post, so that the layout does not shift. */

import { html } from "../html.js";

export const PostSkeleton = () => html`
  <div class="post-card skeleton" aria-hidden="true">
    <div class="post-head"><span class="avatar avatar-medium"></span><span class="skeleton-line"></span></div>
    <div class="skeleton-photo"></div>
  </div>`;
