/**
 * Local storage in IndexedDB: tokens, unsent messages, uploads and drafts.
 * Without IndexedDB, everything is in memory until the tab is closed.
 */

import { BASE } from "./base.js";

const NAME = `shutter${BASE}`;
const STORES = ["session", "outbox", "uploads", "drafts"];

/** @type {Promise<IDBDatabase | null> | undefined} */
let opening;
/** @type {Map<string, Map<string, any>>} */
const memory = new Map(STORES.map((store) => [store, new Map()]));

/** @returns {Promise<IDBDatabase | null>} */
function open() {
  opening ??= new Promise((resolve) => {
    try {
      const request = indexedDB.open(NAME, 1);
      request.onupgradeneeded = () => STORES.forEach((store) => request.result.createObjectStore(store));
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => resolve(null);
    } catch {
      resolve(null);
    }
  });
  return opening;
}

/**
 * @template T
 * @param {string} store
 * @param {IDBTransactionMode} mode
 * @param {(objects: IDBObjectStore) => IDBRequest<any>} act
 * @param {(kept: Map<string, any>) => T} instead
 * @returns {Promise<T>}
 */
async function run(store, mode, act, instead) {
  const database = await open();
  if (!database) return instead(/** @type {Map<string, any>} */ (memory.get(store)));
  return new Promise((resolve, reject) => {
    const transaction = database.transaction(store, mode);
    const request = act(transaction.objectStore(store));
    transaction.oncomplete = () => resolve(request.result);
    transaction.onerror = transaction.onabort = () => reject(transaction.error ?? request.error);
  });
}

/** @param {string} store @param {string} key @returns {Promise<any>} */
export const read = (store, key) => run(store, "readonly", (objects) => objects.get(key), (kept) => kept.get(key));

/** @param {string} store @returns {Promise<any[]>} all values, in the order of their keys */
export const readAll = (store) => run(store, "readonly", (objects) => objects.getAll(), (kept) => [...kept.values()]);

/**
 * Rejects with QuotaExceededError when the browser's disk is full.
 * @param {string} store @param {string} key @param {any} value @returns {Promise<unknown>}
 */
export const write = (store, key, value) =>
  run(store, "readwrite", (objects) => objects.put(value, key), (kept) => (kept.set(key, value), key));

/** @param {string} store @param {string} key @returns {Promise<unknown>} */
export const remove = (store, key) =>
  run(store, "readwrite", (objects) => objects.delete(key), (kept) => kept.delete(key));

/** Delete everything of the user who logs out. @returns {Promise<unknown>} */
export const clear = () =>
  Promise.all(
    STORES.map((store) =>
      run(store, "readwrite", (objects) => objects.clear(), (kept) => kept.clear()),
    ),
  );

/**
 * Runs `act` while no other tab holds the same lock. Pages that are not served over HTTPS have no locks.
 * @template T
 * @param {string} name @param {() => Promise<T>} act @param {LockOptions} [options]
 * @returns {Promise<T>}
 */
export async function alone(name, act, options = {}) {
  return navigator.locks ? navigator.locks.request(BASE + name, options, act) : act();
}

/** @returns {string} a fresh random key of 32 hexadecimal digits */
export function randomKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
