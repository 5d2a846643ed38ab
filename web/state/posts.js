/** A store of all shown posts: a change is visible in every place. */

import { signal } from "@preact/signals";
import * as api from "../api.js";
import { toastProblem } from "../parts/toast.js";
import { dropLists } from "./lists.js";

const MOST = 2000;

/** @typedef {import("@preact/signals").Signal<Post | null>} PostSignal null if the post is deleted */
/** @type {Map<string, PostSignal>} */
const known = new Map();
/** @type {Set<string>} */
const changing = new Set();

/** @param {Post} fresh @returns {string} its id */
export function remember(fresh) {
  const old = known.get(fresh.id);
  if (!old) {
    known.set(fresh.id, signal(fresh));
    if (known.size > MOST) known.delete(/** @type {string} */ (known.keys().next().value));
  } else if (!changing.has(fresh.id)) {
    old.value = fresh;
  }
  return fresh.id;
}

/** @param {string} id @returns {PostSignal | undefined} */
export const recall = (id) => known.get(id);

/** @param {string} id @returns {Promise<Post>} */
export async function fetchPost(id) {
  const fresh = await api.post(id);
  remember(fresh);
  return fresh;
}

/** @param {string} id @param {Partial<Post>} changes */
export function amend(id, changes) {
  const found = known.get(id);
  if (found?.value) found.value = { ...found.value, ...changes };
}

/** @param {string} id */
export function forget(id) {
  const found = known.get(id);
  if (found) found.value = null;
}

/** Like or unlike at once; the response of the server is final, and an error restores the previous state.
 * @param {string} id @param {boolean} wanted */
export async function setLiked(id, wanted) {
  const before = known.get(id)?.value;
  if (!before || before.liked === wanted || changing.has(id)) return;
  changing.add(id);
  amend(id, { liked: wanted, like_count: before.like_count + (wanted ? 1 : -1) });
  try {
    const { liked, like_count } = await api.like(id, wanted);
    amend(id, { liked, like_count });
  } catch (error) {
    amend(id, { liked: before.liked, like_count: before.like_count });
    toastProblem(error);
  } finally {
    changing.delete(id);
  }
}

/** Save or no longer, at once, as `setLiked`.
 * @param {string} id @param {boolean} wanted */
export async function setSaved(id, wanted) {
  const before = known.get(id)?.value;
  if (!before || changing.has(id)) return;
  changing.add(id);
  amend(id, { saved: wanted });
  try {
    amend(id, { saved: (await api.save(id, wanted)).saved });
    dropLists("saved");
  } catch (error) {
    amend(id, { saved: before.saved });
    toastProblem(error);
  } finally {
    changing.delete(id);
  }
}
