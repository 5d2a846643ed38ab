/**
 * Web Push: notifications in this browser while no page of the client is open. `worker.js` shows them.
 * Loaded by the settings, and at each start in browsers where the user has allowed notifications.
 */

import { effect } from "@preact/signals";
import * as api from "./api.js";
import { BASE } from "./base.js";
import { account } from "./session.js";
import { language, t } from "./words/words.js";

export const isPossible = "PushManager" in globalThis && "serviceWorker" in navigator;
/** Where the worker finds its texts, in the language of the client. */
const WORDS = `shutter-words ${BASE}/`;
const KEYS = [
  "who.one", "who.two", "who.many", "follow", "like", "comment", "reply", "mention", "mention.post", "comment_like",
  "room_request", "removed.post", "removed.comment", "removed.message",
];
let keepsWords = false;

const worker = () => navigator.serviceWorker?.getRegistration(`${BASE}/`);
const current = async () => (await worker())?.pushManager?.getSubscription();

/** @returns {Promise<boolean>} whether this browser shows notifications of the current user */
export const isOn = async () => Boolean(isPossible && (await current()));

/** Asks for permission. @returns {Promise<boolean>} false if the user or the browser denies it */
export async function turnOn() {
  if ((await Notification.requestPermission()) !== "granted") return false;
  await subscribe(await navigator.serviceWorker.ready);
  return true;
}

export async function turnOff() {
  const subscription = await current();
  if (!subscription) return;
  const { id } = await api.pushSubscribe(subscription.toJSON());
  await api.pushUnsubscribe(id);
  await subscription.unsubscribe();
}

/** @type {string | undefined} */
let followed = "";
account.subscribe((who) => {
  if (who?.id === followed) return;
  followed = who?.id;
  void follow(!!who).catch(() => {});
});

/** At each start and login, renew the subscription if there is one; without a user, end it. @param {boolean} isSignedIn */
async function follow(isSignedIn) {
  const registration = await worker();
  const subscription = await registration?.pushManager?.getSubscription();
  if (!registration || !subscription) return;
  await (isSignedIn ? subscribe(registration) : subscription.unsubscribe());
}

/** @param {ServiceWorkerRegistration} registration */
async function subscribe({ pushManager }) {
  const { key } = await api.pushKey();
  let subscription = await pushManager.getSubscription();
  if (subscription && encoded(subscription.options.applicationServerKey) !== key) {
    await subscription.unsubscribe(); // made for another key, so nothing would arrive
    subscription = null;
  }
  subscription ??= await pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
  await api.pushSubscribe(subscription.toJSON());
  if (!keepsWords) effect(() => void keepWords(language.value));
  keepsWords = true;
}

/** @param {string} lang */
async function keepWords(lang) {
  const words = Object.fromEntries(KEYS.map((key) => [key, t(`notifications.${key}`)]));
  const kept = { ...words, somebody: t("person.deleted"), lang };
  await (await caches.open(WORDS)).put(`${BASE}/words`, new Response(JSON.stringify(kept)));
}

/** @param {ArrayBuffer | null} key @returns {string} in base64url */
const encoded = (key) =>
  btoa(String.fromCharCode(...new Uint8Array(key ?? new ArrayBuffer(0)))).replace(/[+/=]/g, (sign) => ({ "+": "-", "/": "_" })[sign] ?? "");
