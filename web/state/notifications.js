/** How many notifications of the current user are unread; the list itself belongs to its view. */

import { signal } from "@preact/signals";
import * as api from "../api.js";
import { account } from "../session.js";
import { onTold } from "../tabs.js";

export const unreadNotifications = signal(0);
/** Grows when a notification has changed. */
export const notificationChanges = signal(0);

let asking = false;
let again = false;

account.subscribe((who) => {
  if (!who) unreadNotifications.value = 0;
});
for (const event of ["notification.created", "notification.updated", "caught-up"]) {
  onTold(event, () => {
    notificationChanges.value++;
    void countUnread();
  });
}
onTold("notifications-read", () => void countUnread());

/** Read the number; at most one request at a time, however many events there are. */
export async function countUnread() {
  if (asking) {
    again = true;
    return;
  }
  asking = true;
  do {
    again = false;
    const who = account.peek()?.id;
    const found = who ? await api.unreadNotifications().catch(() => null) : null;
    if (found && account.peek()?.id === who) unreadNotifications.value = found.count;
  } while (again);
  asking = false;
}
