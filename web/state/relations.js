/** The relations to the shown users: fetched together, and changed at once. */

import { signal } from "@preact/signals";
import * as api from "../api.js";
import { toastProblem } from "../parts/toast.js";
import { account } from "../session.js";
import { dropLists } from "./lists.js";

const MAX_PER_REQUEST = 100;
const MAX_KNOWN = 2000;

/** @typedef {import("@preact/signals").Signal<Relation | null>} RelationSignal null until it is known */
/** @type {Map<string, RelationSignal>} */
const known = new Map();
/** @type {Set<string>} */
let wanted = new Set();

account.subscribe((who) => {
  if (!who) known.clear();
});

/** @param {string} id @returns {RelationSignal} */
export function relationTo(id) {
  const found = known.get(id);
  if (found) return found;
  /** @type {RelationSignal} */
  const fresh = signal(null);
  known.set(id, fresh);
  if (known.size > MAX_KNOWN) known.delete(/** @type {string} */ (known.keys().next().value));
  if (account.peek()) {
    if (!wanted.size) queueMicrotask(ask);
    wanted.add(id);
  }
  return fresh;
}

async function ask() {
  const ids = [...wanted];
  wanted = new Set();
  for (let start = 0; start < ids.length; start += MAX_PER_REQUEST) {
    try {
      const { items } = await api.relations(ids.slice(start, start + MAX_PER_REQUEST));
      for (const relation of items) relationTo(relation.user_id).value = relation;
    } catch {
      ids.forEach((id) => known.delete(id)); // fetched again with the next view that shows them
    }
  }
}

/** @param {string} id @param {boolean} follow @returns {Promise<boolean>} whether it was done */
export async function setFollowing(id, follow) {
  const relation = relationTo(id);
  const before = relation.value;
  if (before?.following === follow) return true;
  const none = { user_id: id, followed_by: false, blocking: false, muting: false };
  relation.value = { ...none, ...before, following: follow };
  try {
    relation.value = await api.follow(id, follow);
    return true;
  } catch (error) {
    relation.value = before;
    toastProblem(error);
    return false;
  }
}

/** Block or mute, or end it. @param {"block" | "mute"} kind @param {string} id @param {boolean} wanted @returns {Promise<boolean>} whether it was done */
export async function restrict(kind, id, wanted) {
  try {
    relationTo(id).value = await api.restrict(kind, id, wanted);
  } catch (error) {
    toastProblem(error);
    return false;
  }
  dropLists(); // any of them may show what is hidden now
  return true;
}

/** Let this user follow one no longer. @param {string} id @returns {Promise<boolean>} whether it was done */
export async function removeFollower(id) {
  const relation = relationTo(id);
  try {
    await api.removeFollower(id);
  } catch (error) {
    toastProblem(error);
    return false;
  }
  if (relation.value) relation.value = { ...relation.value, followed_by: false };
  dropLists("followers of ");
  return true;
}
