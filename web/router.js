/** Maps paths to views. Links are ordinary links; clicks on internal ones are handled here without a reload. */

import { signal } from "@preact/signals";
import { BASE, belowBase } from "./base.js";
import { keepScroll } from "./scroll.js";

/**
 * @typedef {{
 *   name: string, path: string, params: Record<string, string>, query: URLSearchParams,
 *   entry: string, returning: boolean, view: any, failed: boolean,
 * }} Place
 * `entry` names the entry of the browser's history; `returning` is true after back and forward.
 */

/** The patterns and their modules; `closed` ones need a login. */
const ROUTES = /** @type {const} */ ([
  ["/", () => import("./views/home/home.js"), false],
  ["/explore", () => import("./views/explore/explore.js"), false],
  ["/login", () => import("./views/login/login.js"), false],
  ["/login/:provider", () => import("./views/provider/provider.js"), false],
  ["/signup", () => import("./views/signup/signup.js"), false],
  ["/forgot-password", () => import("./views/forgot-password/forgot-password.js"), false],
  ["/reset-password", () => import("./views/reset-password/reset-password.js"), false],
  ["/confirm-email", () => import("./views/confirm-email/confirm-email.js"), false],
  ["/saved", () => import("./views/saved/saved.js"), true],
  ["/tags/:tag", () => import("./views/tag/tag.js"), false],
  ["/new", () => import("./views/compose/compose.js"), true],
  ["/search", () => import("./views/search/search.js"), false],
  ["/messages", () => import("./views/rooms/rooms.js"), true],
  ["/messages/requests", () => import("./views/requests/requests.js"), true],
  ["/messages/:id", () => import("./views/room/room.js"), true],
  ["/notifications", () => import("./views/notifications/notifications.js"), true],
  ["/settings", () => import("./views/settings/settings.js"), true],
  ["/settings/email", () => import("./views/email/email.js"), true],
  ["/settings/sessions", () => import("./views/sessions/sessions.js"), true],
  ["/settings/messages", () => import("./views/message-settings/message-settings.js"), true],
  ["/settings/blocks", () => import("./views/restrictions/restrictions.js"), true],
  ["/settings/mutes", () => import("./views/restrictions/restrictions.js"), true],
  ["/settings/second-factor", () => import("./views/second-factor/second-factor.js"), true],
  ["/settings/passkeys", () => import("./views/passkeys/passkeys.js"), true],
  ["/settings/identities", () => import("./views/identities/identities.js"), true],
  ["/settings/activity", () => import("./views/activity/activity.js"), true],
  ["/settings/notifications", () => import("./views/notification-settings/notification-settings.js"), true],
  ["/settings/export", () => import("./views/export/export.js"), true],
  ["/settings/deletion", () => import("./views/deletion/deletion.js"), true],
  ["/moderation", () => import("./views/moderation/moderation.js"), true],
  ["/moderation/people", () => import("./views/moderation/people.js"), true],
  ["/moderation/invitations", () => import("./views/moderation/invitations.js"), true],
  ["/moderation/log", () => import("./views/moderation/log.js"), true],
  ["/p/:id", () => import("./views/post/post.js"), false],
  ["/p/:id/likes", () => import("./views/people/people.js"), false],
  ["/p/:id/edit", () => import("./views/edit/edit.js"), true],
  ["/@:nickname", () => import("./views/profile/profile.js"), false],
  ["/@:nickname/followers", () => import("./views/people/people.js"), false],
  ["/@:nickname/following", () => import("./views/people/people.js"), false],
]);
const TABLE = ROUTES.map(([pattern, load, closed]) => ({ pattern, load, closed, form: form(pattern) }));
const NOT_FOUND = { pattern: "", load: () => import("./views/notfound/notfound.js"), closed: false };

/** The current view; null until the first view is loaded. @type {import("@preact/signals").Signal<Place | null>} */
export const place = signal(null);
/** Whether the module of another view is loading. */
export const loading = signal(false);

let latest = 0;
/** @type {(path: string) => boolean} */
let mayEnter = () => true;

/** @param {string} pattern */
function form(pattern) {
  return new RegExp(`^${pattern.replace(/:[a-z]+/g, (name) => `(?<${name.slice(1)}>[^/]+)`)}$`);
}

/**
 * @param {(path: string) => boolean} admitted whether a closed view may be shown now
 * @returns {Promise<void>} when the first view is loaded
 */
export function startRouter(admitted) {
  mayEnter = admitted;
  history.scrollRestoration = "manual";
  addEventListener("popstate", () => {
    keepScroll(place.peek()?.entry);
    void show(true);
  });
  addEventListener("click", onClick);
  if (!history.state?.entry) history.replaceState({ entry: fresh() }, "");
  return show(performance.getEntriesByType("navigation").some((entry) => "type" in entry && entry.type === "reload"));
}

/** @param {string} address below the base @param {{replace?: boolean}} [options] */
export function go(address, { replace = false } = {}) {
  keepScroll(history.state?.entry);
  const inside = !replace || Boolean(history.state?.inside); // whether the previous entry belongs to the client
  history[replace ? "replaceState" : "pushState"]({ entry: fresh(), inside }, "", BASE + address);
  return show(false);
}

/** Show this path again, as after a login or logout. */
export const again = () => show(false);

/** Change the path of the current view, as a search does during typing. @param {string} address below the base */
export const replaceAddress = (address) => history.replaceState(history.state, "", BASE + address);

/** Go back; go to `instead` if the previous page was on another site. @param {string} instead */
export function back(instead) {
  if (history.state?.inside) history.back();
  else void go(instead, { replace: true });
}

/** @param {boolean} returning */
async function show(returning) {
  const turn = ++latest;
  const path = decoded(belowBase(location.pathname));
  const { entry } = history.state ?? {};
  const found = TABLE.find((route) => route.form.test(path)) ?? NOT_FOUND;
  if (found.closed && !mayEnter(path)) return;
  loading.value = true;
  let view = null;
  try {
    view = (await found.load()).default;
  } catch {
    // The browser is offline, or the server has newer files than this page.
  }
  if (turn !== latest) return;
  loading.value = false;
  const params = { ...("form" in found ? found.form.exec(path)?.groups : {}) };
  place.value = {
    name: found.pattern, path, params, query: new URLSearchParams(location.search),
    entry: entry ?? "", returning, view, failed: view === null,
  };
}

/** @param {string} path */
function decoded(path) {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

let made = 0;
const fresh = () => `${Date.now().toString(36)}-${made++}`;

/** @param {MouseEvent} event */
function onClick(event) {
  if (event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const link = event.target instanceof Element ? event.target.closest("a[href]") : null;
  if (!(link instanceof HTMLAnchorElement) || link.target || link.hasAttribute("download")) return;
  if (link.origin !== location.origin || !TABLE.some((route) => route.form.test(decoded(belowBase(link.pathname))))) return;
  event.preventDefault();
  const same = link.pathname + link.search === location.pathname + location.search;
  void go(belowBase(link.pathname) + link.search, { replace: same });
}
