/** Lists that are loaded page by page, and kept so that the position is restored on return. */

import { batch, signal } from "@preact/signals";
import { useLayoutEffect, useMemo } from "preact/hooks";
import { asProblem } from "../http.js";
import { account } from "../session.js";
import { place } from "../router.js";

const KEPT = 12;

/** @template T */
export class List {
  /** @param {(cursor: string | null) => Promise<Page<T>>} fetchPage */
  constructor(fetchPage) {
    this.fetchPage = fetchPage;
    /** @type {import("@preact/signals").Signal<T[]>} */
    this.items = signal([]);
    /** `ready` if there is more, `done` if there is not.
     * @type {import("@preact/signals").Signal<"loading" | "ready" | "done" | "failed">} */
    this.state = signal("ready");
    /** @type {import("@preact/signals").Signal<import("../http.js").Problem | null>} */
    this.problem = signal(null);
    /** Whether the first page is loaded. */
    this.started = signal(false);
    /** @type {string | null} */
    this.cursor = null;
    this.turn = 0;
  }

  /** Load the next page; with `anew` the first one. */
  async more(anew = false) {
    if (!anew && (this.state.value === "loading" || this.state.value === "done")) return;
    const turn = ++this.turn;
    this.state.value = "loading";
    try {
      const { items, next_cursor } = await this.fetchPage(anew ? null : this.cursor);
      if (turn !== this.turn) return;
      batch(() => {
        this.items.value = anew ? items : [...this.items.value, ...items];
        this.cursor = next_cursor;
        this.started.value = true;
        this.problem.value = null;
        this.state.value = next_cursor ? "ready" : "done";
      });
    } catch (error) {
      if (turn !== this.turn) return;
      batch(() => {
        this.problem.value = asProblem(error);
        this.state.value = "failed";
      });
    }
  }
}

/** @type {Map<string, List<any>>} */
const kept = new Map();
account.subscribe((who) => {
  if (!who) kept.clear();
});

/** Drop the lists whose keys have this prefix, after a change that they do not contain. @param {string} [beginning] */
export function dropLists(beginning = "") {
  for (const key of kept.keys()) if (key.startsWith(beginning)) kept.delete(key);
}

/**
 * The list of this key. After back and forward it is unchanged; else it is loaded again, and shows what it
 * had until the response arrives.
 * @template T
 * @param {string} key @param {(cursor: string | null) => Promise<Page<T>>} fetchPage @returns {List<T>}
 */
export function useList(key, fetchPage) {
  const list = useMemo(() => {
    const found = kept.get(key) ?? new List(fetchPage);
    kept.delete(key);
    kept.set(key, found);
    if (kept.size > KEPT) kept.delete(/** @type {string} */ (kept.keys().next().value));
    return found;
  }, [key]);
  useLayoutEffect(() => {
    if (!list.started.value || !place.peek()?.returning) void list.more(true);
  }, [list]);
  return list;
}
