/** A photo that reserves its space, and shows its blurhash there until it is loaded. */

import { decodeBlurHash } from "fast-blurhash";
import { useEffect, useRef, useState } from "preact/hooks";
import { html } from "../html.js";
import { t } from "../words/words.js";
import { useLoadFirst, useTurn } from "./loading-order.js";

const THUMBNAIL = 480;
const JPEG = "image/jpeg";
const WEBP = "image/webp";
const BLUR = 16;
const FADE_MS = 400;

/**
 * The files of a photo in one format, for `srcset`. Photos from before there were variants have two JPEGs.
 * @param {Media} media @param {string} type @returns {string | undefined}
 */
function files(media, type) {
  const { width, height, url, thumbnail_url, variants } = media;
  const found = (variants ?? []).filter((each) => each.content_type === type);
  if (found.length) return found.map((each) => `${each.url} ${each.width}w`).join(", ");
  if (type !== JPEG) return undefined;
  const small = Math.round(Math.min(1, THUMBNAIL / Math.max(width, height)) * width);
  return small < width ? `${thumbnail_url} ${small}w, ${url} ${width}w` : `${url} ${width}w`;
}

/**
 * @param {{media: Media, alt: string, sizes: string, eager?: boolean}} props
 * `sizes` is its displayed width; the browser chooses the file.
 */
export function Photo({ media, alt, sizes, eager = false }) {
  const [loaded, setLoaded] = useState(false);
  const [failed, setFailed] = useState(false);
  const canvas = useRef(/** @type {HTMLCanvasElement | null} */ (null));
  const [covered, setCovered] = useState(false); // by the loaded photo, so that the canvas can be removed
  const turn = useTurn(eager);
  const lost = failed || media.missing;
  const told = media.missing ? [t("photo.missing"), alt].join(" ").trim() : alt;
  useLoadFirst(eager, loaded || lost);
  useEffect(() => draw(canvas.current, media.blurhash), [media.blurhash]);
  useEffect(() => {
    const timer = loaded ? setTimeout(() => setCovered(true), FADE_MS) : undefined;
    return () => clearTimeout(timer);
  }, [loaded]);
  return html`
    <span class="photo ${loaded ? "photo-loaded" : ""}">
      ${!covered && html`<canvas ref=${canvas} width=${BLUR} height=${BLUR} aria-hidden="true"></canvas>`}
      ${!lost && turn && html`
        <picture>
          <source type=${WEBP} srcset=${files(media, WEBP)} sizes=${sizes} />
          <img src=${media.url} srcset=${files(media, JPEG)} sizes=${sizes}
            width=${media.width} height=${media.height} alt=${alt} decoding="async" draggable="false"
            loading=${eager ? "eager" : "lazy"} fetchpriority=${eager ? "high" : undefined}
            onLoad=${() => setLoaded(true)} onError=${() => setFailed(true)} />
        </picture>`}
      ${lost && html`<span class="photo-lost" role="img" aria-label=${told}>${told}</span>`}
    </span>`;
}

/** @param {HTMLCanvasElement | null} canvas @param {string} blurhash */
function draw(canvas, blurhash) {
  const context = canvas?.getContext("2d");
  if (!context || !blurhash) return;
  const pixels = decodeBlurHash(blurhash, BLUR, BLUR);
  context.putImageData(new ImageData(new Uint8ClampedArray(pixels), BLUR, BLUR), 0, 0);
}
