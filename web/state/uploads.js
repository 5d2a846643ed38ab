/**
 * The photos of the post that is being written. They are stored in IndexedDB with their progress, so that a reload
 * loses nothing; at most two are sent at once.
 */

import { signal } from "@preact/signals";
import * as api from "../api.js";
import { asProblem } from "../http.js";
import { account } from "../session.js";
import { randomKey, readAll, remove, write } from "../storage.js";
import { upload } from "../upload.js";
import { explained, t } from "../words/words.js";
import { toast } from "../parts/toast.js";
import { limits, reasonAgainst } from "./limits.js";

const AT_ONCE = 2;

/**
 * @typedef {{
 *   key: string, file: File, alt: string, order: number, preview: string, share: number, reason: string,
 *   state: "chosen" | "refused" | "waiting" | "sending" | "sent" | "failed", mediaId: string | null, sentAlt: string,
 *   keepsCamera?: boolean, sentCamera?: boolean,
 * }} Shot
 * `refused` cannot be sent, `failed` can be retried; `reason` says why. `sentAlt` is the description that
 * the server has. `keepsCamera`: its camera, lens and exposure are to be kept; `sentCamera`: the server was told so.
 */

/** @type {import("@preact/signals").Signal<Shot[]>} */
export const shots = signal([]);

/** @type {Map<string, AbortController>} */
const running = new Map();
let loaded = false;

account.subscribe((who) => {
  if (who) return;
  running.forEach((each) => each.abort());
  shots.peek().forEach(({ preview }) => URL.revokeObjectURL(preview));
  shots.value = [];
  loaded = false;
});

/** Restore the photos chosen before the page was left. */
export async function loadShots() {
  if (loaded) return;
  loaded = true;
  /** @type {Shot[]} */
  const kept = await readAll("uploads").catch(() => []);
  const again = kept.map((shot) => ({ ...shot, preview: URL.createObjectURL(shot.file) }));
  shots.value = [...again.sort((one, other) => one.order - other.order), ...shots.peek()];
  next();
}

/** @param {Iterable<File>} files */
export async function choose(files) {
  const { photos } = await limits();
  const chosen = [...files];
  const room = photos - shots.peek().length;
  if (chosen.length > room) toast(t("upload.too_many", { count: photos }), { tone: "bad" });
  const first = (shots.peek().at(-1)?.order ?? 0) + 1;
  const keepsCamera = shots.peek().at(-1)?.keepsCamera;
  // All are in the list before the first is checked, which takes a while: sending may begin meanwhile.
  /** @type {Shot[]} */
  const added = chosen.slice(0, Math.max(0, room)).map((file, index) => ({
    key: randomKey(), file, alt: "", order: first + index, preview: URL.createObjectURL(file), share: 0, reason: "",
    state: "chosen", mediaId: null, sentAlt: "", keepsCamera,
  }));
  shots.value = [...shots.peek(), ...added];
  for (const { key, file } of added) {
    const reason = await reasonAgainst(file);
    if (reason) running.get(key)?.abort();
    await change(key, reason ? { state: "refused", reason } : {});
  }
}

/** @param {string} key @param {Partial<Shot>} changes */
async function change(key, changes) {
  shots.value = shots.peek().map((shot) => (shot.key === key ? { ...shot, ...changes } : shot));
  const shot = shots.peek().find((each) => each.key === key);
  if (!shot) return;
  const { preview: _, ...kept } = shot;
  const state = kept.state === "sending" ? "waiting" : kept.state;
  await write("uploads", key, { ...kept, state }).catch(() => toast(t("storage.full"), { tone: "bad" }));
}

/** @param {string} key @param {string} alt */
export const describe = (key, alt) => change(key, { alt });

/** Whether to keep the camera, lens and exposure of all of them. @param {boolean} keepsCamera */
export async function keepCamera(keepsCamera) {
  shots.value = shots.peek().map((shot) => ({ ...shot, keepsCamera }));
  for (const { key } of shots.peek()) await change(key, {});
}

/** @param {string} key @param {number} to its new place */
export async function move(key, to) {
  const list = shots.peek().filter((shot) => shot.key !== key);
  const moved = shots.peek().find((shot) => shot.key === key);
  if (!moved || to < 0 || to > list.length) return;
  list.splice(to, 0, moved);
  shots.value = list.map((shot, order) => ({ ...shot, order }));
  for (const shot of shots.peek()) await change(shot.key, {});
}

/** @param {string} key */
export async function take(key) {
  running.get(key)?.abort();
  const shot = shots.peek().find((each) => each.key === key);
  if (shot) URL.revokeObjectURL(shot.preview);
  shots.value = shots.peek().filter((each) => each.key !== key);
  await remove("uploads", key).catch(() => {});
}

/** Stop sending one; it can be sent again. @param {string} key */
export function cancel(key) {
  running.get(key)?.abort();
  void change(key, { state: "failed", reason: t("upload.cancelled"), share: 0 });
}

/**
 * Send those that the server does not have yet, with their current descriptions and choices. A photo that was sent is
 * not sent again for another description. @param {string} [key] only this one
 */
export function sendShots(key) {
  for (const shot of shots.peek()) {
    if (shot.state === "refused" || shot.state === "sending" || (key && shot.key !== key)) continue;
    if (shot.state === "sent" && shot.alt === shot.sentAlt && shot.keepsCamera === shot.sentCamera) continue;
    void change(shot.key, { state: "waiting", reason: "", share: 0, mediaId: shot.keepsCamera === shot.sentCamera ? shot.mediaId : null });
  }
  next();
}

/** Remove all of them, after they were published or discarded. */
export async function clearShots() {
  for (const { key } of shots.peek()) await take(key);
}

function next() {
  for (const shot of shots.peek()) {
    if (running.size >= AT_ONCE) return;
    if (shot.state === "waiting" && !running.has(shot.key)) void send(shot);
  }
}

/** @param {Shot} shot */
async function send(shot) {
  const stop = new AbortController();
  running.set(shot.key, stop);
  shots.value = shots.peek().map((each) => (each.key === shot.key ? { ...each, state: "sending", share: 0 } : each));
  try {
    const { id } = shot.mediaId ? await describeSent(shot, stop.signal) : await sendFile(shot, stop.signal);
    await change(shot.key, { state: "sent", share: 1, mediaId: id, sentAlt: shot.alt, sentCamera: shot.keepsCamera });
    const now = shots.peek().find((each) => each.key === shot.key);
    if (now?.state === "sent" && (now.alt !== shot.alt || now.keepsCamera !== shot.keepsCamera)) sendShots(shot.key); // changed meanwhile
  } catch (error) {
    const problem = asProblem(error);
    const lasting = ["corrupt_media", "unsupported_media", "too_large"].includes(problem.code);
    if (problem.code !== "cancelled") await change(shot.key, { state: lasting ? "refused" : "failed", reason: await explained(problem), share: 0 });
  } finally {
    running.delete(shot.key);
    next();
  }
}

/** @param {Shot} shot @param {AbortSignal} signal @returns {Promise<Media>} */
const sendFile = (shot, signal) => upload("POST", "/media", shot.file, {
  name: shot.file.name, alt: shot.alt.trim(), keepsCamera: shot.keepsCamera, signal,
  onProgress: (share) => tell(shot.key, share),
});

/** @param {Shot} shot @param {AbortSignal} signal @returns {Promise<Media>} */
async function describeSent(shot, signal) {
  try {
    return await api.describePhoto(/** @type {string} */ (shot.mediaId), shot.alt.trim() || null);
  } catch (error) {
    if (asProblem(error).code !== "not_found") throw error;
    return sendFile(shot, signal); // it was deleted, as unused ones are after a day
  }
}

/** @param {string} key @param {number} share */
function tell(key, share) {
  shots.value = shots.peek().map((shot) => (shot.key === key ? { ...shot, share } : shot));
}
