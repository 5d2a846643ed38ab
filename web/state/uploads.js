/**
 * The photos of the post that is being made. They are kept in IndexedDB with how far they are, so that a reload
 * loses nothing; at most two are sent at once.
 */

import { signal } from "@preact/signals";
import { asProblem } from "../http.js";
import { account } from "../session.js";
import { randomKey, readAll, remove, write } from "../storage.js";
import { upload } from "../upload.js";
import { explain, t } from "../words/words.js";
import { toast } from "../parts/toast.js";
import { limits, reasonAgainst } from "./limits.js";

const AT_ONCE = 2;

/**
 * @typedef {{
 *   key: string, file: File, alt: string, order: number, preview: string, share: number, reason: string,
 *   state: "chosen" | "refused" | "waiting" | "sending" | "sent" | "failed", mediaId: string | null, sentAlt: string,
 * }} Shot
 * `refused` is not sendable at all, `failed` may be tried again; `reason` says why. `sentAlt` is the description that
 * the server has.
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

/** Take up what was chosen before the page was left. */
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
  for (const file of files) {
    if (shots.peek().length >= photos) {
      toast(t("upload.too_many", { count: photos }), { tone: "bad" });
      return;
    }
    const order = (shots.peek().at(-1)?.order ?? 0) + 1;
    /** @type {Shot} */
    const shot = {
      key: randomKey(), file, alt: "", order, preview: URL.createObjectURL(file), share: 0, reason: "", state: "chosen",
      mediaId: null, sentAlt: "",
    };
    shots.value = [...shots.peek(), shot];
    const reason = await reasonAgainst(file);
    await change(shot.key, { state: reason ? "refused" : "chosen", reason });
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

/** Send those that the server does not have yet, with their descriptions as they are now. @param {string} [key] only this one */
export function sendShots(key) {
  for (const shot of shots.peek()) {
    if (shot.state === "refused" || shot.state === "sending" || (key && shot.key !== key)) continue;
    if (shot.state === "sent" && shot.alt === shot.sentAlt) continue;
    void change(shot.key, { state: "waiting", reason: "", share: 0, mediaId: null });
  }
  next();
}

/** Forget all of them, after they were published or given up. */
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
    const media = await upload("POST", "/media", shot.file, {
      name: shot.file.name, alt: shot.alt.trim(), signal: stop.signal, onProgress: (share) => tell(shot.key, share),
    });
    await change(shot.key, { state: "sent", share: 1, mediaId: media.id, sentAlt: shot.alt });
  } catch (error) {
    const problem = asProblem(error);
    const lasting = ["corrupt_media", "unsupported_media", "too_large"].includes(problem.code);
    if (problem.code !== "cancelled") await change(shot.key, { state: lasting ? "refused" : "failed", reason: explain(problem), share: 0 });
  } finally {
    running.delete(shot.key);
    next();
  }
}

/** @param {string} key @param {number} share */
function tell(key, share) {
  shots.value = shots.peek().map((shot) => (shot.key === key ? { ...shot, share } : shot));
}
