/**
 * Caches the files of the client and one page, so that it opens offline. It ignores responses of the API:
 * nothing private is in its cache. It also shows what is pushed (RFC 8030) while no page is open.
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

/** Written by `push.js`: the texts of notifications in the language of the client. */
const WORDS = `shutter-words ${BASE}`;

addEventListener("push", (event) => {
  event.waitUntil(show(event.data?.json() ?? {}));
});

/** Browsers demand that something is shown for each message. */
async function show({ id, kind, names = [], actor_count, post_id, comment_id, room_id, removed }) {
  const kept = await (await caches.open(WORDS)).match(`${BASE}words`);
  const words = kept ? await kept.json() : {};
  const [name, other] = names.map((each) => each ?? words.somebody);
  const count = actor_count - 2;
  const form = actor_count < 2 || !other ? "one" : count ? "many" : "two";
  const who = filled(words[`who.${form}`], { name, other, count });
  const key = removed ? `removed.${removed.kind}` : kind === "mention" && !comment_id ? "mention.post" : kind;
  const path = post_id ? `p/${post_id}` : kind === "room_request" ? `messages/${room_id}` : "notifications";
  await registration.showNotification("Shutter", { body: filled(words[key], { who }), tag: id, lang: words.lang, data: path });
}

/** @returns {string} the text with its `{names}` replaced */
const filled = (text = "", values) => text.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);

addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(open(new URL(event.notification.data, location.origin + BASE).href));
});

async function open(url) {
  const windows = await clients.matchAll({ type: "window", includeUncontrolled: true });
  const shown = windows.find((each) => each.url === url);
  await (shown ? shown.focus() : clients.openWindow(url));
}
