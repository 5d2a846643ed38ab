/** Uploads one file, and reports the progress, which needs XMLHttpRequest instead of `fetch`. */

import { API, Problem, understood } from "./http.js";
import { authorized } from "./session.js";

const STALLED_SECONDS = 60;

/**
 * @param {string} method @param {string} path @param {Blob} file
 * @param {{name?: string, alt?: string, keepsCamera?: boolean, onProgress?: (share: number) => void, signal?: AbortSignal}} [options]
 * @returns {Promise<any>} the response; rejects with a Problem, `cancelled` if `signal` was aborted
 */
export const upload = (method, path, file, options = {}) =>
  authorized((token) => sendOnce(method, path, file, token, options));

/**
 * @param {string} method @param {string} path @param {Blob} file @param {string | null} token
 * @param {{name?: string, alt?: string, keepsCamera?: boolean, onProgress?: (share: number) => void, signal?: AbortSignal}} options
 * @returns {Promise<any>}
 */
function sendOnce(method, path, file, token, { name = "photo", alt, keepsCamera, onProgress, signal }) {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(new Problem(0, "cancelled"));
    const form = new FormData();
    if (alt) form.append("alt", alt);
    if (keepsCamera) form.append("keep_camera_info", "true");
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
