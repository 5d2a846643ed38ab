/** One exchange with the server: JSON in and out, and every failure as a `Problem`. */

import { BASE } from "./base.js";

export const API = `${BASE}/api/v1`;
const SECONDS = 20;
const NO_CONTENT = 204;

/** What went wrong, in the form of RFC 9457. `code` chooses the words that the person reads. */
export class Problem extends Error {
  /**
   * @param {number} status 0 where no answer came
   * @param {string} code
   * @param {{detail?: string, errors?: {pointer: string, code: string, detail: string}[] | null, retryAfter?: number}} [more]
   */
  constructor(status, code, more = {}) {
    super(`${status} ${code}`);
    this.status = status;
    this.code = code;
    this.detail = more.detail ?? "";
    this.errors = more.errors ?? [];
    /** Seconds after which to try again, where the server said so. */
    this.retryAfter = more.retryAfter ?? 0;
  }

  /** Whether the same request may succeed later. */
  get passing() {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

/** @param {unknown} error @returns {Problem} */
export const asProblem = (error) => (error instanceof Problem ? error : new Problem(0, "unexpected"));

/**
 * @param {string} method @param {string} path below /api/v1
 * @param {{query?: Record<string, any>, body?: unknown, token?: string | null, key?: string, signal?: AbortSignal}} [options]
 * @returns {Promise<any>} the parsed body, or null for an empty one
 */
export async function exchange(method, path, { query, body, token, key, signal } = {}) {
  /** @type {Record<string, string>} */
  const headers = { accept: "application/json" };
  if (token) headers.authorization = `Bearer ${token}`;
  if (key) headers["idempotency-key"] = key;
  if (body !== undefined) headers["content-type"] = "application/json";
  const limit = AbortSignal.timeout(SECONDS * 1000);
  let response, text;
  try {
    response = await fetch(API + path + search(query), {
      method,
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: signal && "any" in AbortSignal ? AbortSignal.any([signal, limit]) : limit,
      credentials: "omit",
    });
    text = await response.text();
  } catch {
    if (signal?.aborted) throw new Problem(0, "cancelled");
    throw new Problem(0, navigator.onLine ? "unreachable" : "offline");
  }
  return understood(response.status, text, response.headers.get("retry-after"));
}

/**
 * @param {number} status @param {string} text @param {string | null} retryAfter
 * @returns {any} the parsed body; throws a Problem for a refusal and for what is not JSON
 */
export function understood(status, text, retryAfter) {
  let content;
  try {
    content = status === NO_CONTENT ? null : JSON.parse(text);
  } catch {
    throw new Problem(status, "unexpected_answer", { retryAfter: seconds(retryAfter) });
  }
  if (status >= 200 && status < 300) return content;
  throw new Problem(status, typeof content?.code === "string" ? content.code : "unexpected_answer", {
    detail: content?.detail,
    errors: Array.isArray(content?.errors) ? content.errors : [],
    retryAfter: seconds(retryAfter),
  });
}

/** @param {string | null} retryAfter seconds, or a date (RFC 9110, 10.2.3) */
function seconds(retryAfter) {
  if (!retryAfter) return 0;
  const given = Number(retryAfter);
  return Number.isFinite(given) ? given : Math.max(0, (Date.parse(retryAfter) - Date.now()) / 1000 || 0);
}

/** @param {Record<string, any>} [query] */
function search(query) {
  const given = Object.entries(query ?? {}).filter(([, value]) => value !== undefined && value !== null);
  return given.length ? `?${new URLSearchParams(given.map(([name, value]) => [name, String(value)]))}` : "";
}
