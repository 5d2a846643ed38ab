/**
 * The only WebSocket of this browser: the tab with the lock opens it, and forwards its events to the other tabs.
 * It is reopened after growing pauses, at once when the browser is online again; missed events are read by REST.
 */

import { signal } from "@preact/signals";
import { API } from "./http.js";
import { accessToken, account, reload } from "./session.js";
import { alone } from "./storage.js";
import { onTold, tellAll } from "./tabs.js";

const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 30_000;
const TOKEN_ENDED = 4401;

/** Whether this browser receives events at once. @type {import("@preact/signals").Signal<boolean>} */
export const connected = signal(false);

/** @type {AbortController | null} */
let holding = null;
/** @type {WebSocket | null} */
let socket = null;
/** @type {() => void} */
let wake = () => {};

onTold("socket", (open) => (connected.value = open));
onTold("writing", (room_id) => {
  if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify({ event: "typing", data: { room_id } }));
});

/** Keep a socket open while a user is logged in. */
export function startSocket() {
  account.subscribe((who) => (who ? hold() : release()));
  addEventListener("online", () => wake());
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && wake());
  addEventListener("pagehide", release);
  addEventListener("pageshow", (event) => event.persisted && account.value && hold());
}

function hold() {
  if (holding) return;
  const stop = (holding = new AbortController());
  const { signal: stopped } = stop;
  alone("shutter.socket", () => keepOpen(stopped), { signal: stopped }).catch(() => {}); // aborted while it waited
}

function release() {
  holding?.abort();
  holding = null;
  connected.value = false;
  if (socket?.readyState === WebSocket.OPEN) socket.close(); // one that is still opening is closed when it is open
  wake();
}

/** @param {AbortSignal} stopped */
async function keepOpen(stopped) {
  let pause = FIRST_PAUSE_MS;
  while (!stopped.aborted) {
    const { opened, code } = await once(stopped);
    if (stopped.aborted) return;
    if (opened) pause = FIRST_PAUSE_MS;
    else await reload().catch(() => {}); // a refused token is refreshed; an ended session logs out
    if (code !== TOKEN_ENDED || !opened) await rest(pause * (0.75 + Math.random() / 2));
    pause = Math.min(LONGEST_PAUSE_MS, pause * 2);
  }
}

/** @param {AbortSignal} stopped @returns {Promise<{opened: boolean, code: number}>} when it is closed */
async function once(stopped) {
  const token = await accessToken().catch(() => null);
  if (!token || stopped.aborted) return { opened: false, code: 0 };
  return new Promise((resolve) => {
    let opened = false;
    const mine = new WebSocket(`${location.origin.replace(/^http/, "ws")}${API}/ws`, ["bearer", token]);
    socket = mine;
    mine.onopen = () => {
      if (stopped.aborted) return mine.close();
      opened = true;
      tellAll("socket", true);
      tellAll("caught-up", null);
    };
    mine.onmessage = ({ data }) => hear(data);
    mine.onclose = ({ code }) => {
      if (opened) tellAll("socket", false);
      socket = null;
      resolve({ opened, code });
    };
  });
}

/** @param {unknown} data */
function hear(data) {
  try {
    const { event, data: content } = JSON.parse(String(data));
    tellAll(event, content);
  } catch {
    // Not a known format: nothing to show.
  }
}

/** @param {number} milliseconds @returns {Promise<void>} resolved at once when the browser is online or the tab is visible again */
function rest(milliseconds) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    wake = () => {
      clearTimeout(timer);
      resolve(undefined);
    };
  });
}
