/** Whom one follows, of the people who are shown: asked for together, and changed at once. */

import { signal } from "@preact/signals";
import * as api from "../api.js";
import { toastProblem } from "../parts/toast.js";
import { account } from "../session.js";

const MOST = 100;

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
  if (account.peek()) {
    if (!wanted.size) queueMicrotask(ask);
    wanted.add(id);
  }
  return fresh;
}

async function ask() {
  const ids = [...wanted];
  wanted = new Set();
  for (let start = 0; start < ids.length; start += MOST) {
    try {
      const { items } = await api.relations(ids.slice(start, start + MOST));
      for (const relation of items) relationTo(relation.user_id).value = relation;
    } catch {
      ids.forEach((id) => known.delete(id)); // asked for again with the next view that shows them
    }
  }
}

/** @param {string} id @param {boolean} follow @returns {Promise<boolean>} whether it was done */
export async function setFollowing(id, follow) {
  const relation = relationTo(id);
  const before = relation.value;
  if (before?.following === follow) return true;
  relation.value = { user_id: id, followed_by: false, ...before, following: follow };
  try {
    relation.value = await api.follow(id, follow);
    return true;
  } catch (error) {
    relation.value = before;
    toastProblem(error);
    return false;
  }
}
