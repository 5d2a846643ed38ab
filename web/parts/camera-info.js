/** How the photos of a post were taken, where their author has asked to keep it: a line for each. */

import { html } from "../html.js";
import { full, number, t } from "../words/words.js";

const LONGEST_FRACTION_SECONDS = 0.3;

/** @param {{media: Media[]}} props */
export function CameraInfo({ media }) {
  const several = media.length > 1;
  const lines = media.map(({ camera_info: info }) => info ? parts(info).join(" · ") : "");
  if (!lines.some(Boolean)) return null;
  return html`
    <ul class="camera-info plain-list hint" aria-label=${t("camera.title")}>
      ${lines.map((line, index) => line && html`
        <li key=${media[index].id}>${several && `${t("camera.photo", { index: index + 1 })}: `}<bdi>${line}</bdi></li>`)}
    </ul>`;
}

/** @param {NonNullable<Media["camera_info"]>} info */
function parts({ make, model, lens, focal_length_mm, f_number, exposure_seconds, iso, local_time }) {
  const camera = make && model && !model.toLowerCase().startsWith(make.toLowerCase()) ? `${make} ${model}` : model ?? make;
  return [
    camera,
    lens,
    focal_length_mm && t("camera.focal_length", { value: focal_length_mm }),
    f_number && t("camera.f_number", { value: f_number }),
    exposure_seconds && t("camera.exposure", { value: exposure(exposure_seconds) }),
    iso && t("camera.iso", { value: String(iso) }),
    local_time && full(local_time), // it has no time zone, so the browser takes it for its own
  ].filter(Boolean);
}

/** As cameras show it: 1/250, or 2.5. @param {number} seconds */
const exposure = (seconds) => (seconds < LONGEST_FRACTION_SECONDS ? `1/${Math.round(1 / seconds)}` : number(seconds));
