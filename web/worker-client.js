/** Registers the service worker, which caches the files of the client so that it opens offline. */

import { BASE } from "./base.js";

export function installWorker() {
  if (!("serviceWorker" in navigator)) return;
  /** @type {any} */
  const types = /** @type {any} */ (globalThis).trustedTypes;
  const address = `${BASE}/worker.js`;
  const policy = types?.createPolicy("shutter", { createScriptURL: () => address });
  const trusted = policy ? policy.createScriptURL(address) : address;
  addEventListener("load", () => navigator.serviceWorker.register(trusted).catch(() => {}), { once: true });
  if (document.readyState === "complete") dispatchEvent(new Event("load"));
}
