/** A photo that leaves its place free, shows its blurhash there, and then itself. */

import { decodeBlurHash } from "fast-blurhash";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { html } from "../html.js";

const THUMBNAIL = 480;
const BLUR = 32;

/**
 * The renditions that a photo has, for `srcset`.
 * @param {Media} media @returns {string}
 */
function renditions(media) {
  const { width, height, url, thumbnail_url, variants } = /** @type {Media & {variants?: {width: number, url: string}[]}} */ (media);
  if (variants?.length) return variants.map((each) => `${each.url} ${each.width}w`).join(", ");
  const small = Math.round(Math.min(1, THUMBNAIL / Math.max(width, height)) * width);
  return small < width ? `${thumbnail_url} ${small}w, ${url} ${width}w` : `${url} ${width}w`;
}

/**
 * @param {{media: Media, alt: string, sizes: string, eager?: boolean, small?: boolean}} props
 * `sizes` tells how wide it is shown; `small` takes the thumbnail alone, as in a grid.
 */
export function Photo({ media, alt, sizes, eager = false, small = false }) {
  const [loaded, setLoaded] = useState(false);
  const [failed, setFailed] = useState(false);
  const canvas = useRef(/** @type {HTMLCanvasElement | null} */ (null));
  useLayoutEffect(() => draw(canvas.current, media.blurhash), [media.blurhash]);
  return html`
    <span class="photo ${loaded ? "photo-loaded" : ""}">
      <canvas ref=${canvas} width=${BLUR} height=${BLUR} aria-hidden="true"></canvas>
      ${!failed && html`
        <img src=${small ? media.thumbnail_url : media.url} srcset=${small ? undefined : renditions(media)} sizes=${sizes}
          width=${media.width} height=${media.height} alt=${alt} decoding="async" draggable="false"
          loading=${eager ? "eager" : "lazy"} fetchpriority=${eager ? "high" : undefined}
          onLoad=${() => setLoaded(true)} onError=${() => setFailed(true)} />`}
      ${failed && html`<span class="photo-lost" role="img" aria-label=${alt}>${alt}</span>`}
    </span>`;
}

/** @param {HTMLCanvasElement | null} canvas @param {string} blurhash */
function draw(canvas, blurhash) {
  const context = canvas?.getContext("2d");
  if (!context || !blurhash) return;
  const pixels = decodeBlurHash(blurhash, BLUR, BLUR);
  context.putImageData(new ImageData(new Uint8ClampedArray(pixels), BLUR, BLUR), 0, 0);
}
