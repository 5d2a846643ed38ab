/**
 * Caches the files of the client and one page, so that it opens offline. It ignores responses of the API:
 * nothing private is in its cache.
 */

/** The path below which the client is served, with a slash at its end. Other paths of the host may hold other clients. */
const BASE = new URL(".", location.href).pathname;
const NAME = `shutter ${BASE} `;
const CACHE = `${NAME}%VERSION%`;
const FILES = ["%FILES%"];
const PAGE = `${BASE}login`;

addEventListener("install", (event) => {
  event.waitUntil(fill());
});

async function fill() {
  const cache = await caches.open(CACHE);
  await cache.addAll([PAGE, ...FILES]);
  await skipWaiting();
}

addEventListener("activate", (event) => {
  event.waitUntil(tidy());
});

async function tidy() {
  for (const name of await caches.keys()) if (name.startsWith(NAME) && name !== CACHE) await caches.delete(name);
  await clients.claim();
}

addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== "GET" || origin !== location.origin) return;
  const path = pathname.slice(BASE.length);
  if (path.startsWith("assets/")) event.respondWith(kept(request));
  else if (request.mode === "navigate" && !/^(api|docs|openapi)/.test(path)) event.respondWith(fresh(request));
});

async function kept(request) {
  const cache = await caches.open(CACHE);
  return (await cache.match(request, { ignoreVary: true })) ?? fetch(request);
}

/** The server's page, or the cached one when offline. The client itself shows the view of the path. */
async function fresh(request) {
  try {
    return await fetch(request);
  } catch {
    const cache = await caches.open(CACHE);
    return (await cache.match(PAGE, { ignoreVary: true })) ?? Response.error();
  }
}
