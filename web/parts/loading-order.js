/**
 * Which pictures load first. On a slow line, pictures that load side by side all arrive late; so the others wait for
 * the eager photos.
 */

import { signal } from "@preact/signals";
import { useEffect, useRef, useState } from "preact/hooks";

const MAX_WAIT_MS = 4000;

/** How many eager photos are loading. */
const loading = signal(0);

/** @returns {() => void} for when the photo is loaded, has failed or is gone */
function begin() {
  let open = true;
  loading.value++;
  return () => {
    if (open) loading.value--;
    open = false;
  };
}

/**
 * Lets the other pictures wait for this photo, for at most `MAX_WAIT_MS`.
 * @param {boolean} eager @param {boolean} settled whether it is loaded or has failed
 */
export function useLoadFirst(eager, settled) {
  const [end] = useState(() => (eager ? begin() : null)); // before the pictures that are rendered after it
  useEffect(() => {
    if (!end || settled) return end?.();
    const timer = setTimeout(end, MAX_WAIT_MS);
    return () => clearTimeout(timer);
  }, [settled]);
  useEffect(() => () => end?.(), []);
}

/** Whether this picture may be requested. Once it may, it always may. @param {boolean} [eager] */
export function useTurn(eager = false) {
  const had = useRef(eager);
  return (had.current ||= !loading.value);
}
