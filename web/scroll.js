/**
 * Where each entry of the history was scrolled to. Pixels alone are not enough: cards that are out of sight have
 * estimated heights (`content-visibility`), so the card at the top of the screen is kept as well.
 */

const SETTLING_FRAMES = 20;
const MOST = 100;

/** @typedef {{top: number, anchor: string, offset: number}} Kept */
/** @type {Map<string, Kept>} */
const kept = new Map();

/** @param {string | undefined} entry */
export function keepScroll(entry) {
  if (!entry) return;
  const seen = [...document.querySelectorAll("[data-anchor]")].find((each) => each.getBoundingClientRect().bottom > 0);
  const anchor = seen instanceof HTMLElement ? (seen.dataset.anchor ?? "") : "";
  kept.delete(entry);
  kept.set(entry, { top: scrollY, anchor, offset: seen?.getBoundingClientRect().top ?? 0 });
  if (kept.size > MOST) kept.delete(/** @type {string} */ (kept.keys().next().value));
}

/** Scroll to the stored position of this entry, and keep it while elements get their real heights. @param {string} entry */
export function restoreScroll(entry) {
  const found = kept.get(entry);
  if (!found) return scrollTo({ top: 0, behavior: "instant" });
  scrollTo({ top: found.top, behavior: "instant" });
  const target = found.anchor && document.querySelector(`[data-anchor="${CSS.escape(found.anchor)}"]`);
  if (!target) return;
  let frames = 0;
  let stop = false;
  const leave = () => (stop = true);
  for (const name of ["wheel", "touchstart", "keydown", "pointerdown"]) addEventListener(name, leave, { once: true, passive: true });
  const settle = () => {
    if (stop || !target.isConnected || frames++ > SETTLING_FRAMES) return;
    const by = target.getBoundingClientRect().top - found.offset;
    if (Math.abs(by) > 1) scrollBy({ top: by, behavior: "instant" });
    requestAnimationFrame(settle);
  };
  settle();
}
