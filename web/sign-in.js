/**
 * Signing in with another provider. What a sign-in needs after the redirect is kept for this tab: the state that comes
 * back has to be the one that this tab began with, or somebody else's sign-in could be finished here.
 */

import { BASE } from "./base.js";
import { exchange } from "./http.js";
import { enter } from "./session.js";

const KEY = "shutter.sign-in";
/** @typedef {{provider: string, name: string, next: string, linking: boolean, state?: string, continuation?: string}} SignIn */

/** @returns {Promise<SignInProvider[]>} none if they cannot be loaded: the other ways to log in remain */
export const providers = () => exchange("GET", "/auth/providers", { query: { limit: 100 } }).then(({ items }) => items, () => []);

/** Leaves for the provider. @param {SignInProvider} provider @param {{next?: string | null, linking?: boolean}} [options] */
export async function leave({ id, name }, { next = null, linking = false } = {}) {
  const body = { redirect_uri: `${location.origin}${BASE}/login/${id}` };
  const { authorization_url, state } = await exchange("POST", `/auth/providers/${id}/start`, { body });
  keep({ provider: id, name, next: next ?? "/", linking, state });
  location.assign(authorization_url);
}

/** @param {SignIn} signIn */
export const keep = (signIn) => sessionStorage.setItem(KEY, JSON.stringify(signIn));

/** The sign-in that this tab began with this provider, once. @param {string} provider @returns {SignIn | null} */
export function take(provider) {
  try {
    const kept = JSON.parse(sessionStorage.getItem(KEY) ?? "null");
    sessionStorage.removeItem(KEY);
    return kept?.provider === provider ? kept : null;
  } catch {
    return null;
  }
}

/** The parameters of the redirect, which are removed from the address: a code is nobody else's business. */
export function takeAnswer() {
  const query = new URLSearchParams(location.search);
  if (location.search) history.replaceState(history.state, "", location.pathname);
  return { code: query.get("code"), state: query.get("state"), error: query.get("error") };
}

/** @param {string} provider @param {Record<string, any>} body */
export const finish = (provider, body) => enter(`/auth/providers/${provider}/finish`, body);

/** @param {string} provider @param {Record<string, any>} body */
export const signUpWith = (provider, body) => enter(`/auth/providers/${provider}/sign-up`, body);

/**
 * The continuation of an identity that no account has; for linking it, without entering the account of another.
 * @param {string} provider @param {Record<string, any>} body @returns {Promise<string | null>} null: some account has it
 */
export async function continuationOf(provider, body) {
  try {
    const { access_token } = await exchange("POST", `/auth/providers/${provider}/finish`, { body });
    await exchange("POST", "/auth/logout", { token: access_token }).catch(() => {});
    return null;
  } catch (error) {
    const { code, continuation } = /** @type {import("./http.js").Problem} */ (error);
    if (code === "second_factor_required") return null;
    if (!continuation) throw error;
    return continuation;
  }
}
