/** Sends one file, and tells how much of it has gone. `fetch` tells nothing of that, so this is XMLHttpRequest. */

import { API, Problem, understood } from "./http.js";
import { authorized } from "./session.js";

const STALLED_SECONDS = 60;

/**
 * @param {string} method @param {string} path @param {Blob} file
 * @param {{name?: string, alt?: string, onProgress?: (share: number) => void, signal?: AbortSignal}} [options]
 * @returns {Promise<any>} the answer; rejects with a Problem, `cancelled` where `signal` was aborted
 */
export const upload = (method, path, file, options = {}) =>
  authorized((token) => sendOnce(method, path, file, token, options));

/**
 * @param {string} method @param {string} path @param {Blob} file @param {string | null} token
 * @param {{name?: string, alt?: string, onProgress?: (share: number) => void, signal?: AbortSignal}} options
 * @returns {Promise<any>}
 */
function sendOnce(method, path, file, token, { name = "photo", alt, onProgress, signal }) {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(new Problem(0, "cancelled"));
    const form = new FormData();
    if (alt) form.append("alt", alt);
    form.append("file", file, name);
    const request = new XMLHttpRequest();
    let stalled = setTimeout(() => request.abort(), STALLED_SECONDS * 1000);
    request.open(method, API + path);
    request.setRequestHeader("accept", "application/json");
    if (token) request.setRequestHeader("authorization", `Bearer ${token}`);
    request.upload.onprogress = ({ loaded, total }) => {
      clearTimeout(stalled);
      stalled = setTimeout(() => request.abort(), STALLED_SECONDS * 1000);
      if (total) onProgress?.(loaded / total);
    };
    request.onload = () => {
      try {
        resolve(understood(request.status, request.responseText, request.getResponseHeader("retry-after")));
      } catch (problem) {
        reject(problem);
      }
    };
    request.onerror = () => reject(new Problem(0, navigator.onLine ? "unreachable" : "offline"));
    request.onabort = () => reject(new Problem(0, signal?.aborted ? "cancelled" : "unreachable"));
    request.onloadend = () => clearTimeout(stalled);
    signal?.addEventListener("abort", () => request.abort(), { once: true });
    request.send(form);
  });
}
