/**
 * The path below which the client is served, such as "/shutter", or "" at the root of a host (PUBLIC_URL).
 * It is derived from the URL of this file, which the gateway serves at `<base>/assets/`. Everywhere else in the
 * client, paths are relative to the base: `/p/1` is the page of a post wherever the client is served.
 */

export const BASE = new URL("..", import.meta.url).pathname.slice(0, -1);

/** @param {string} pathname of an address of this host @returns {string} the path below the base; "" outside of it */
export function belowBase(pathname) {
  if (pathname === BASE) return "/";
  return pathname.startsWith(`${BASE}/`) ? pathname.slice(BASE.length) : "";
}

/** The path and query of the current page, for a login to come back to. */
export const currentAddress = () => belowBase(location.pathname) + location.search;
