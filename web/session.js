/**
 * Who is logged in, and their tokens: one pair for all tabs, kept in IndexedDB, refreshed by one tab at a time.
 * localStorage is not used for tokens: other tabs may read an old value from it.
 */

import { signal } from "@preact/signals";
import { Problem, exchange } from "./http.js";
import { alone, clear, read, write } from "./storage.js";
import { onTold, tellOthers } from "./tabs.js";

const EARLY_MS = 60_000;

/** The account of who is logged in; null for nobody, undefined while that is not known yet.
 * @type {import("@preact/signals").Signal<Account | null | undefined>} */
export const account = signal(undefined);
/** Why the session ended without being asked to: a code for words, or null.
 * @type {import("@preact/signals").Signal<string | null>} */
export const endedBecause = signal(null);

/** @typedef {{access_token: string, refresh_token: string, expires_at: number}} KeptTokens */
/** @type {KeptTokens | null} */
let tokens = null;
/** @type {Promise<string | null> | undefined} */
let refreshing;

onTold("tokens", (told) => (tokens = told));
onTold("account", (told) => (account.value = told));
onTold("ended", (why) => forget(why));

/** Done when the tokens that this browser keeps were read. Other tabs may cause requests before that. */
const tokensRead = read("session", "tokens").then((kept) => (tokens ??= kept ?? null), () => null);

/** Take up the session that this browser keeps. The account may be an old copy until it was asked for again. */
export async function start() {
  await tokensRead;
  account.value = tokens ? ((await read("session", "account").catch(() => null)) ?? null) : null;
  if (!tokens) return;
  if (account.value) void reload().catch(() => {});
  else await reload().catch(() => {});
}

/** @param {Tokens} given */
async function keep(given) {
  // Shortly before the end, but never later than after half of a short life.
  const life = given.expires_in * 1000;
  const { access_token, refresh_token } = given;
  tokens = { access_token, refresh_token, expires_at: Date.now() + life - Math.min(EARLY_MS, life / 2) };
  await write("session", "tokens", tokens).catch(() => {}); // a full disk: this tab goes on with them
  tellOthers("tokens", tokens);
}

/** @param {string} identifier @param {string} password */
export async function logIn(identifier, password) {
  await keep(await exchange("POST", "/auth/login", { body: { identifier, password, device: device() } }));
  endedBecause.value = null;
  await reload();
}

/** Ask for the account again. */
export async function reload() {
  await adopt(await authorized((token) => exchange("GET", "/users/me", { token })));
}

/** @param {Account} fresh */
export async function adopt(fresh) {
  account.value = fresh;
  await write("session", "account", fresh).catch(() => {});
  tellOthers("account", fresh);
}

/** End this session here, in every tab, and at the server. */
export async function logOut() {
  const token = await accessToken().catch(() => null);
  if (token) await exchange("POST", "/auth/logout", { token }).catch(() => {});
  await end(null);
}

/** @param {string | null} why the code of the reason, or null where the person asked for it */
export async function end(why) {
  forget(why);
  tellOthers("ended", why);
  await clear().catch(() => {});
}

/** @param {string | null} why */
function forget(why) {
  tokens = null;
  endedBecause.value = why;
  account.value = null;
}

/** @returns {Promise<string | null>} a token that is good for a while, or null for a visitor */
export async function accessToken() {
  await tokensRead;
  if (!tokens) return null;
  return tokens.expires_at > Date.now() ? tokens.access_token : refresh(tokens.access_token);
}

/**
 * A new access token instead of this one. Whichever tab comes first asks the server; the others find its answer.
 * @param {string} spent @returns {Promise<string | null>}
 */
export function refresh(spent) {
  refreshing ??= alone("shutter.refresh", () => renew(spent)).finally(() => (refreshing = undefined));
  return refreshing;
}

/** @param {string} spent @returns {Promise<string | null>} */
async function renew(spent) {
  /** @type {KeptTokens | null} */
  const kept = (await read("session", "tokens").catch(() => tokens)) ?? tokens;
  if (!kept) return null;
  if (kept.access_token !== spent) {
    tokens = kept;
    return kept.access_token;
  }
  try {
    await keep(await exchange("POST", "/auth/refresh", { body: { refresh_token: kept.refresh_token } }));
  } catch (error) {
    if (error instanceof Problem && error.status === 401) await end(error.code);
    throw error;
  }
  return /** @type {KeptTokens} */ (/** @type {unknown} */ (tokens)).access_token;
}

/**
 * Runs a request with a token; where the server refuses that, once more with a new one.
 * @template T
 * @param {(token: string | null) => Promise<T>} request @returns {Promise<T>}
 */
export async function authorized(request) {
  const token = await accessToken();
  try {
    return await request(token);
  } catch (error) {
    if (!(error instanceof Problem) || error.status !== 401 || error.code !== "invalid_token" || !token) throw error;
    return request(await refresh(token));
  }
}

/** @returns {string} how the list of sessions names this browser */
function device() {
  const agent = navigator.userAgent;
  const browser = /Edg\//.test(agent) ? "Edge" : /Firefox\//.test(agent) ? "Firefox"
    : /Chrom(e|ium)\//.test(agent) ? "Chrome" : /Safari\//.test(agent) ? "Safari" : "Browser";
  const system = /Android/.test(agent) ? "Android" : /iPhone|iPad/.test(agent) ? "iOS" : /Windows/.test(agent)
    ? "Windows" : /Mac OS/.test(agent) ? "macOS" : /Linux/.test(agent) ? "Linux" : "";
  return system ? `${browser} · ${system}` : browser;
}
