/** Background work after the first view: the socket, the outbox, the other translations. */

import { account, reload } from "./session.js";
import { startSocket } from "./socket.js";
import { startOutbox } from "./state/outbox.js";
import { countUnread } from "./state/notifications.js";
import { loadRooms } from "./state/rooms.js";
import { speakOfProblems } from "./words/words.js";
import { installWorker } from "./worker-client.js";

/** Offer people while a mention is written. @param {Event} event */
function complete({ target }) {
  const field = /** @type {HTMLTextAreaElement} */ (target);
  if (account.peek() && /[@﹫＠]/.test(field.value) && field.matches("[name=caption], .comment-form textarea")) {
    void import("./parts/mention-list.js").then(({ look }) => look(field), () => {});
  }
}

export function startBackground() {
  startSocket();
  startOutbox();
  if (account.peek()) reload().catch(() => {});
  account.subscribe((who) => who && queueMicrotask(() => {
    void loadRooms().catch(() => {});
    void countUnread();
  }));
  if (globalThis.Notification?.permission === "granted") void import("./push.js");
  void speakOfProblems();
  addEventListener("input", complete);
  installWorker();
}
