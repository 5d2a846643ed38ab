/** Requests to the API: JSON in and out, every failure as a `Problem`, and one retry where a retry is safe. */

import { BASE } from "./base.js";

export const API = `${BASE}/api/v1`;
const TIMEOUT_SECONDS = 20;
const RETRY_DELAY_SECONDS = 1;
const MAX_RETRY_DELAY_SECONDS = 5;
const NO_CONTENT = 204;

/** An error in the format of RFC 9457. `code` selects the text for the user. */
export class Problem extends Error {
  /**
   * @param {number} status 0 without a response
   * @param {string} code
   * @param {{detail?: string, errors?: {pointer: string, code: string, detail: string}[] | null, retryAfter?: number,
   *   continuation?: string, name?: string | null, email?: string | null}} [more]
   */
  constructor(status, code, more = {}) {
    super(`${status} ${code}`);
    this.status = status;
    this.code = code;
    this.detail = more.detail ?? "";
    this.errors = more.errors ?? [];
    /** Of a sign-in with a provider: how to go on, and what the provider says. */
    this.continuation = more.continuation ?? "";
    this.name_at_provider = more.name ?? "";
    this.email = more.email ?? "";
    /** Seconds until a retry, if the server sent Retry-After. */
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
 * @typedef {{
 *   query?: Record<string, any>, body?: unknown, token?: string | null, key?: string, signal?: AbortSignal,
 * }} RequestOptions `key` is the Idempotency-Key
 */

/**
 * Sends a request. It is repeated once if no response came, as when the computer changes networks, or if the server is
 * busy and sends Retry-After; but only if repeating is safe: a GET, or a write with an Idempotency-Key.
 * @param {string} method @param {string} path below /api/v1 @param {RequestOptions} [options]
 * @returns {Promise<any>} the parsed body, or null for an empty one
 */
export async function exchange(method, path, options = {}) {
  try {
    return await sendOnce(method, path, options);
  } catch (error) {
    const seconds = method === "GET" || options.key ? retryDelay(/** @type {Problem} */ (error)) : 0;
    if (!seconds) throw error;
    await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
    return sendOnce(method, path, options);
  }
}

/** @param {Problem} problem @returns {number} seconds after which to repeat the request; 0 for never */
function retryDelay({ status, code, retryAfter }) {
  if (code === "unreachable") return RETRY_DELAY_SECONDS;
  if ((status !== 429 && status !== 503) || !retryAfter || retryAfter > MAX_RETRY_DELAY_SECONDS) return 0;
  return Math.max(RETRY_DELAY_SECONDS, retryAfter);
}

/** @param {string} method @param {string} path @param {RequestOptions} options @returns {Promise<any>} */
async function sendOnce(method, path, { query, body, token, key, signal }) {
  /** @type {Record<string, string>} */
  const headers = { accept: "application/json" };
  if (token) headers.authorization = `Bearer ${token}`;
  if (key) headers["idempotency-key"] = key;
  if (body !== undefined) headers["content-type"] = "application/json";
  const timeout = AbortSignal.timeout(TIMEOUT_SECONDS * 1000);
  let response, text;
  try {
    response = await fetch(API + path + search(query), {
      method,
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: signal && "any" in AbortSignal ? AbortSignal.any([signal, timeout]) : timeout,
      credentials: "omit",
    });
    text = await response.text();
  } catch {
    if (signal?.aborted) throw new Problem(0, "cancelled");
    if (timeout.aborted) throw new Problem(0, "timed_out");
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
    continuation: content?.continuation, name: content?.name, email: content?.email,
  });
}

/** @param {string | null} retryAfter seconds, or a date (RFC 9110, 10.2.3) */
function seconds(retryAfter) {
  if (!retryAfter) return 0;
  const given = Number(retryAfter);
  return Math.max(0, Number.isFinite(given) ? given : (Date.parse(retryAfter) - Date.now()) / 1000 || 0);
}

/** @param {Record<string, any>} [query] */
function search(query) {
  const given = Object.entries(query ?? {}).filter(([, value]) => value !== undefined && value !== null);
  return given.length ? `?${new URLSearchParams(given.map(([name, value]) => [name, String(value)]))}` : "";
}
