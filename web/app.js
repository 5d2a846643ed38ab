/** Starts the client: translations, session, first view; then the background work. */

import { render } from "preact";
import { belowBase, currentAddress } from "./base.js";
import { h } from "./html.js";
import { startBackground } from "./live.js";
import { Shell } from "./parts/shell.js";
import { again, go, place, startRouter } from "./router.js";
import { account, endedBecause, start } from "./session.js";
import { speak } from "./words/words.js";

const ENTRANCES = ["/login", "/signup"];

/** Redirects anonymous users of a closed view to the login, which returns to the view. @param {string} path */
function mayEnter(path) {
  if (account.peek()) return true;
  void go(`/login?next=${encodeURIComponent(path + location.search)}`, { replace: true });
  return false;
}

/** When a session ends, here or in another tab, leave closed views; when one begins, leave login and sign-up. */
function followSession() {
  let before = account.peek()?.id;
  account.subscribe((who) => {
    const now = who?.id;
    if (now === before) return;
    before = now;
    if (!now && endedBecause.peek()) void go(`/login?next=${encodeURIComponent(currentAddress())}`);
    else if (!now) void go("/");
    else if (ENTRANCES.includes(belowBase(location.pathname))) void go(nextAddress(), { replace: true });
    else void again();
  });
}

/** @returns {string} the path after a login, never on another site */
function nextAddress() {
  const wanted = new URLSearchParams(location.search).get("next") ?? "/";
  const { origin, pathname, search } = new URL(wanted, location.origin);
  return origin === location.origin && /^\/(?![/\\])/.test(wanted) ? pathname + search : "/";
}

await Promise.all([speak(), start()]);
void startRouter(mayEnter);
const root = /** @type {HTMLElement} */ (document.getElementById("app"));
const unsubscribe = place.subscribe((now) => {
  if (!now) return;
  queueMicrotask(() => unsubscribe());
  root.replaceChildren();
  render(h(Shell, {}), root);
  const later = globalThis.requestIdleCallback ?? setTimeout;
  later(() => startBackground());
});
followSession();
