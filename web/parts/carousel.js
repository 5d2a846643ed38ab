/** The photos of a post side by side: swiped, or moved by buttons and arrow keys. */

import { useRef, useState } from "preact/hooks";
import { h, html } from "../html.js";
import { t } from "../words/words.js";
import { Icon } from "./icon.js";
import { Photo } from "./photo.js";

const TALLEST = 3 / 4;
const WIDEST = 2.6;

/** @param {{media: Media[], author: string, eager?: boolean, sizes: string}} props */
export function Carousel({ media, author, eager = false, sizes }) {
  const track = useRef(/** @type {HTMLDivElement | null} */ (null));
  const [current, setCurrent] = useState(0);
  const ratio = Math.min(WIDEST, Math.max(TALLEST, media[0].width / media[0].height));
  const several = media.length > 1;
  /** @param {number} index */
  const show = (index) => {
    const wanted = Math.max(0, Math.min(media.length - 1, index));
    const gentle = !matchMedia("(prefers-reduced-motion: reduce)").matches;
    track.current?.scrollTo({ left: wanted * track.current.clientWidth, behavior: gentle ? "smooth" : "instant" });
  };
  const onScroll = () => {
    if (track.current) setCurrent(Math.round(Math.abs(track.current.scrollLeft) / Math.max(1, track.current.clientWidth)));
  };
  /** @param {KeyboardEvent} event */
  const onKeyDown = (event) => {
    if (!several || (event.key !== "ArrowRight" && event.key !== "ArrowLeft")) return;
    event.preventDefault();
    show(current + (event.key === "ArrowRight" ? 1 : -1));
  };
  const label = several ? t("carousel.label", { count: media.length, name: author }) : t("photo.by", { name: author });
  return html`
    <div class="carousel" style=${{ aspectRatio: String(ratio) }} role="group" aria-roledescription=${several ? t("carousel.role") : undefined} aria-label=${label} onKeyDown=${onKeyDown}>
      <div class="carousel-track" ref=${track} onScroll=${several ? onScroll : undefined} tabindex=${several ? 0 : undefined}
        role=${several ? "group" : undefined} aria-label=${several ? t("carousel.track", { index: current + 1, count: media.length }) : undefined}>
        ${media.map((each, index) => html`
          <div class="carousel-slide" key=${each.id}>
            ${h(Photo, { media: each, alt: each.alt || t("photo.by", { name: author }), sizes, eager: eager && index === 0 })}
          </div>`)}
      </div>
      ${several && html`
        <span class="carousel-count" aria-hidden="true">${current + 1} / ${media.length}</span>
        ${current > 0 && html`<button type="button" class="carousel-button carousel-previous" onClick=${() => show(current - 1)} aria-label=${t("carousel.previous")}>${h(Icon, { name: "left" })}</button>`}
        ${current < media.length - 1 && html`<button type="button" class="carousel-button carousel-next" onClick=${() => show(current + 1)} aria-label=${t("carousel.next")}>${h(Icon, { name: "right" })}</button>`}
        <span class="carousel-dots" aria-hidden="true">${media.map((each, index) => html`<i key=${each.id} class=${index === current ? "current" : ""}></i>`)}</span>`}
    </div>`;
}
