/**
 * Keeps the files of the client and one page, so that it opens without a line. It never touches what the interface
 * answers: nothing private is in its cache.
 */

const CACHE = "shutter-%VERSION%";
const FILES = ["%FILES%"];
const PAGE = "/login";

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
  for (const name of await caches.keys()) if (name !== CACHE) await caches.delete(name);
  await clients.claim();
}

addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== "GET" || origin !== location.origin) return;
  if (pathname.startsWith("/assets/")) event.respondWith(kept(request));
  else if (request.mode === "navigate" && !/^\/(api|docs|openapi)/.test(pathname)) event.respondWith(fresh(request));
});

async function kept(request) {
  return (await caches.match(request, { ignoreVary: true })) ?? fetch(request);
}

/** The server's page, or the kept one where the line is away. The client itself shows what belongs to the address. */
async function fresh(request) {
  try {
    return await fetch(request);
  } catch {
    return (await caches.match(PAGE, { ignoreVary: true })) ?? Response.error();
  }
}
