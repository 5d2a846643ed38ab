/** The photos of a post that is being changed: those that it has, and those that are added, which are sent at once. */

import { useEffect, useRef, useState } from "preact/hooks";
import { asProblem } from "../../http.js";
import { toast } from "../../parts/toast.js";
import { limits, reasonAgainst } from "../../state/limits.js";
import { randomKey } from "../../storage.js";
import { upload } from "../../upload.js";
import { explained, t } from "../../words/words.js";

const LASTING = ["corrupt_media", "unsupported_media", "too_large"];

/**
 * @typedef {{
 *   key: string, alt: string, media: Media | null, file?: File, preview: string, share: number, reason: string,
 *   lasting: boolean,
 * }} Edited
 * `media` is what the server has, null until it is sent. `reason` says why it could not be sent, `lasting` that it never can.
 */

/** @param {Media[]} media of the post */
export function useEditedPhotos(media) {
  const [photos, setPhotos] = useState(() => media.map(ofPost));
  const now = useRef(photos);
  const running = useRef(/** @type {Map<string, AbortController>} */ (new Map()));
  /** @param {(list: Edited[]) => Edited[]} change */
  const update = (change) => setPhotos((now.current = change(now.current)));
  /** @param {string} key @param {Partial<Edited>} values */
  const change = (key, values) => update((list) => list.map((each) => (each.key === key ? { ...each, ...values } : each)));

  useEffect(() => () => {
    running.current.forEach((each) => each.abort());
    now.current.forEach(({ preview }) => URL.revokeObjectURL(preview));
  }, []);

  /** @param {Edited} photo */
  const send = async ({ key, file }) => {
    if (!file || running.current.has(key) || !now.current.some((each) => each.key === key)) return;
    const stop = new AbortController();
    running.current.set(key, stop);
    change(key, { reason: "", share: 0 });
    try {
      const reason = await reasonAgainst(file);
      if (reason) return change(key, { reason, lasting: true });
      const onProgress = /** @param {number} share */ (share) => change(key, { share });
      const sent = await upload("POST", "/media", file, { name: file.name, signal: stop.signal, onProgress });
      change(key, { media: sent });
    } catch (error) {
      const problem = asProblem(error);
      if (problem.code !== "cancelled") change(key, { reason: await explained(problem), lasting: LASTING.includes(problem.code) });
    } finally {
      running.current.delete(key);
    }
  };

  /** @param {File[]} files */
  const add = async (files) => {
    const { photos: most } = await limits();
    const room = Math.max(0, most - now.current.length);
    if (files.length > room) toast(t("upload.too_many", { count: most }), { tone: "bad" });
    const added = files.slice(0, room).map(ofFile);
    update((list) => [...list, ...added]);
    for (const photo of added) await send(photo); // one after another
  };

  return {
    photos,
    add,
    /** @param {string} key @param {number} to */
    move: (key, to) => update((list) => {
      const moved = list.filter((each) => each.key === key);
      const others = list.filter((each) => each.key !== key);
      return [...others.slice(0, to), ...moved, ...others.slice(to)];
    }),
    /** @param {string} key @param {string} alt */
    describe: (key, alt) => change(key, { alt }),
    /** @param {string} key */
    take: (key) => {
      running.current.get(key)?.abort();
      now.current.filter((each) => each.key === key).forEach(({ preview }) => URL.revokeObjectURL(preview));
      update((list) => list.filter((each) => each.key !== key));
    },
    /** @param {string} key */
    retry: (key) => now.current.filter((each) => each.key === key).forEach(send),
  };
}

/** @param {Media} media @returns {Edited} */
const ofPost = (media) => ({ key: media.id, alt: media.alt ?? "", media, preview: "", share: 1, reason: "", lasting: false });

/** @param {File} file @returns {Edited} */
const ofFile = (file) => ({
  key: randomKey(), alt: "", media: null, file, preview: URL.createObjectURL(file), share: 0, reason: "", lasting: false,
});
