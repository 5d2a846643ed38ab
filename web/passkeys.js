/** Passkeys (WebAuthn) of this browser, in the JSON that the API has. */

import { Problem, exchange } from "./http.js";
import { enter } from "./session.js";

/** The codes of texts for what a browser or an authenticator refuses (WebAuthn, sections 5.1.3 and 5.1.4). */
const REASONS = /** @type {Record<string, string>} */ ({
  AbortError: "passkey_not_used", InvalidStateError: "passkey_exists", NotAllowedError: "passkey_not_used",
  SecurityError: "passkey_elsewhere",
});

/** Whether this browser knows passkeys here: they need HTTPS, or localhost. */
export const usable = () => "PublicKeyCredential" in window && "parseRequestOptionsFromJSON" in PublicKeyCredential;

/** Make a passkey. @param {any} options @returns {Promise<any>} what the API gets; throws a Problem */
export const create = (options) =>
  answered(() => navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options) }));

/** Let the user choose a passkey, and use it. @param {any} options @returns {Promise<any>} as above */
export const use = (options) =>
  answered(() => navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options) }));

/** Use a passkey for a login. @returns {Promise<any>} */
export const useForLogin = async () => use(await exchange("POST", "/auth/passkeys/login"));

/** Log in with a passkey alone. */
export const logInWithPasskey = async () => enter("/auth/passkeys/login/verify", { passkey: await useForLogin() });

/** @param {() => Promise<any>} ask */
async function answered(ask) {
  try {
    return (await ask()).toJSON();
  } catch (error) {
    throw new Problem(0, (error instanceof DOMException && REASONS[error.name]) || "passkey_failed");
  }
}
