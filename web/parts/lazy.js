/** Components whose module is loaded only when they are shown. */

import { useEffect, useState } from "preact/hooks";

/**
 * @template T
 * @param {() => Promise<T>} load @param {boolean} [wanted] @returns {T | null} null until it is there
 */
export function useLazy(load, wanted = true) {
  const [module, setModule] = useState(/** @type {{it: T} | null} */ (null));
  useEffect(() => {
    if (wanted && !module) void load().then((it) => setModule({ it }), () => {});
  }, [wanted]);
  return module?.it ?? null;
}
