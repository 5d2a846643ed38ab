/**
 * The current user and the tokens: one pair for all tabs, stored in IndexedDB, refreshed by one tab at a time.
 * localStorage is not used for tokens: other tabs may read an old value from it.
 */

import { signal } from "@preact/signals";
import { Problem, exchange } from "./http.js";
import { alone, clear, read, write } from "./storage.js";
import { onTold, tellOthers } from "./tabs.js";

const EARLY_MS = 60_000;

/** The account of the current user; null if nobody is logged in, undefined while that is unknown.
 * @type {import("@preact/signals").Signal<Account | null | undefined>} */
export const account = signal(undefined);
/** Why the session ended without a logout: the code of a text, or null.
 * @type {import("@preact/signals").Signal<string | null>} */
export const endedBecause = signal(null);

/** @typedef {{access_token: string, refresh_token: string, expires_at: number}} KeptTokens */
/** @type {KeptTokens | null} */
let tokens = null;
/** @type {Promise<string | null> | undefined} */
let refreshing;
/** Whether a request that ends the session is on its way: what the server refuses meanwhile is no other reason. */
let ending = false;

onTold("tokens", (told) => (tokens = told));
onTold("account", (told) => (account.value = told));
onTold("ended", (why) => forget(ending ? null : why));

/** Resolved when the stored tokens are loaded. Other tabs may cause requests before that. */
const tokensRead = read("session", "tokens").then((kept) => (tokens ??= kept ?? null), () => null);
const accountRead = read("session", "account").catch(() => null);

/** Restore the stored session. The account may be an old copy until it is fetched again. */
export async function start() {
  await tokensRead;
  account.value = tokens ? ((await accountRead) ?? null) : null;
  if (tokens && !account.value) await reload().catch(() => {});
}

/** @param {Tokens} given */
async function keep(given) {
  // Shortly before the expiry, but no later than after half of a short lifetime.
  const life = given.expires_in * 1000;
  const { access_token, refresh_token } = given;
  tokens = { access_token, refresh_token, expires_at: Date.now() + life - Math.min(EARLY_MS, life / 2) };
  await write("session", "tokens", tokens).catch(() => {}); // storage is full: this tab continues with the tokens in memory
  tellOthers("tokens", tokens);
}

/**
 * @param {string} identifier @param {string} password
 * @param {{otp?: string, passkey?: any}} [second] the second factor: a code, or a passkey
 */
export const logIn = (identifier, password, second) => enter("/auth/login", { identifier, password, ...second });

/** Log in with what this route needs. @param {string} path @param {Record<string, any>} body */
export async function enter(path, body) {
  await keep(await exchange("POST", path, { body: { ...body, device: device() } }));
  endedBecause.value = null;
  await reload();
}

/** Fetch the account again. */
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
  await endWith(async () => {
    if (token) await exchange("POST", "/auth/logout", { token }).catch(() => {});
  });
}

/** @param {() => Promise<unknown>} request ends the session at the server; after it the session ends in every tab */
export async function endWith(request) {
  ending = true;
  try {
    await request();
    await end(null);
  } catch (error) {
    if (error instanceof Problem && error.status === 401) await end(error.code);
    throw error;
  } finally {
    ending = false;
  }
}

/** @param {string | null} why the code of the reason, or null for a logout */
export async function end(why) {
  tokens = null;
  tellOthers("ended", why);
  await clear().catch(() => {}); // before another view appears, which may be reloaded
  forget(why);
}

/** @param {string | null} why */
function forget(why) {
  tokens = null;
  endedBecause.value = why;
  account.value = null;
}

/** @returns {Promise<string | null>} a token that is valid for a while, or null without a login */
export async function accessToken() {
  await tokensRead;
  if (!tokens) return null;
  return tokens.expires_at > Date.now() ? tokens.access_token : refresh(tokens.access_token);
}

/**
 * A new access token that replaces this one. The first tab asks the server; the others read its result.
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
    if (error instanceof Problem && error.status === 401 && !ending) await end(error.code);
    throw error;
  }
  return /** @type {KeptTokens} */ (/** @type {unknown} */ (tokens)).access_token;
}

/**
 * Runs a request with a token; if the server refuses the token, repeats it with a new one.
 * @template T
 * @param {(token: string | null) => Promise<T>} request @returns {Promise<T>}
 */
export async function authorized(request) {
  const token = await accessToken();
  try {
    return await request(token);
  } catch (error) {
    // `email_unverified`: the address may have been confirmed since the token was issued.
    const isOutdated = error instanceof Problem && ((error.status === 401 && error.code === "invalid_token") || error.code === "email_unverified");
    if (!isOutdated || !token) throw error;
    return request(await refresh(token));
  }
}

/** Get a token that says that the address is confirmed. */
export async function renewToken() {
  await tokensRead;
  if (tokens) await refresh(tokens.access_token);
}

/** @returns {string} how the list of sessions names this browser */
export function device() {
  const agent = navigator.userAgent;
  const browser = /Edg\//.test(agent) ? "Edge" : /Firefox\//.test(agent) ? "Firefox"
    : /Chrom(e|ium)\//.test(agent) ? "Chrome" : /Safari\//.test(agent) ? "Safari" : "Browser";
  const system = /Android/.test(agent) ? "Android" : /iPhone|iPad/.test(agent) ? "iOS" : /Windows/.test(agent)
    ? "Windows" : /Mac OS/.test(agent) ? "macOS" : /Linux/.test(agent) ? "Linux" : "";
  return system ? `${browser} · ${system}` : browser;
}
