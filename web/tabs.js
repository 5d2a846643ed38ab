/** Sends events to the other tabs of this browser. */

import { BASE } from "./base.js";

const channel = "BroadcastChannel" in globalThis ? new BroadcastChannel(`shutter${BASE}`) : null;
/** @type {Map<string, Set<(data: any) => void>>} */
const listeners = new Map();

channel?.addEventListener("message", ({ data }) => deliver(data.kind, data.data));

/** @param {string} kind @param {any} data */
function deliver(kind, data) {
  for (const listener of listeners.get(kind) ?? []) listener(data);
}

/** @param {string} kind @param {any} data */
export function tellOthers(kind, data) {
  channel?.postMessage({ kind, data });
}

/** @param {string} kind @param {any} data */
export function tellAll(kind, data) {
  tellOthers(kind, data);
  deliver(kind, data);
}

/** @param {string} kind @param {(data: any) => void} listener @returns {() => void} stops listening */
export function onTold(kind, listener) {
  const those = listeners.get(kind) ?? new Set();
  listeners.set(kind, those.add(listener));
  return () => those.delete(listener);
}
