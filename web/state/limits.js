/** The limits of the server, fetched once, so that errors are shown before anything is sent. */

import * as api from "../api.js";
import { asProblem } from "../http.js";
import { t, megabytes, number } from "../words/words.js";

const USUAL = {
  bytes: 20 * 2 ** 20,
  photos: 10,
  types: ["image/jpeg", "image/png", "image/webp", "image/gif", "image/heic", "image/heif", "image/avif"],
  pixels: 60_300_000,
};
const BY_NAME = /\.(jpe?g|png|webp|gif|heic|heif|avif)$/i;

/** @type {Promise<typeof USUAL> | undefined} */
let asked;

/** @returns {Promise<typeof USUAL>} the server's limits, or the usual ones if they cannot be fetched */
export function limits() {
  asked ??= api.limits().then(understood, (error) => {
    if (asProblem(error).passing) asked = undefined;
    return USUAL;
  });
  return asked;
}

/** @param {any} told @returns {typeof USUAL} */
function understood(told) {
  const media = told?.media ?? {};
  return {
    bytes: media.max_bytes ?? USUAL.bytes,
    photos: told?.posts?.max_media ?? told?.post?.max_media ?? USUAL.photos,
    types: media.content_types ?? USUAL.types,
    pixels: media.max_pixels ?? USUAL.pixels,
  };
}

/**
 * The reason why a file cannot be sent; "" if it can, as far as the browser can check.
 * @param {File} file @returns {Promise<string>}
 */
export async function reasonAgainst(file) {
  const { bytes, types, pixels } = await limits();
  if (!types.includes(file.type) && !(file.type === "" && BY_NAME.test(file.name))) return t("problem.unsupported_media");
  if (file.size > bytes) return t("upload.too_many_bytes", { size: megabytes(file.size), most: megabytes(bytes) });
  const size = await createImageBitmap(file).catch(() => null); // null also for HEIC, which few browsers open
  if (!size) return "";
  const count = size.width * size.height;
  size.close();
  return count > pixels ? t("upload.too_many_pixels", { most: number(Math.round(pixels / 1e6)) }) : "";
}
