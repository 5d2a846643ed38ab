/** Shared posts of messages, loaded together: one request for all cards of a page. */

import { useEffect, useState } from "preact/hooks";
import * as api from "../../api.js";
import { recall, remember } from "../../state/posts.js";

const MOST = 100;

/**
 * @param {Message[]} messages
 * @returns {Map<string, Post | null>} by id; null for a deleted one, absent for one that is not loaded yet
 */
export function useSharedPosts(messages) {
  const [gone, setGone] = useState(/** @type {Set<string>} */ (new Set()));
  const ids = [...new Set(messages.flatMap((message) => message.post_id ?? []))];
  const missing = ids.filter((id) => !recall(id) && !gone.has(id));
  useEffect(() => {
    if (!missing.length) return;
    let live = true;
    const wanted = missing.slice(-MOST);
    api.postsByIds(wanted).then(({ items }) => {
      const found = new Set(items.map(remember));
      if (live) setGone((before) => new Set([...before, ...wanted.filter((id) => !found.has(id))]));
    }, () => {});
    return () => {
      live = false;
    };
  }, [missing.join()]);
  return new Map(ids.flatMap((id) => {
    const post = gone.has(id) ? null : recall(id)?.value;
    return post === undefined ? [] : [[id, post]];
  }));
}
