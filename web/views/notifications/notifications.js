/** What happened to the current user, last changed first. What is seen is marked as read. */

import { useEffect } from "preact/hooks";
import * as api from "../../api.js";
import { h, html } from "../../html.js";
import { Avatar } from "../../parts/avatar.js";
import { Icon } from "../../parts/icon.js";
import { Empty, ListEnd } from "../../parts/list.js";
import { Time } from "../../parts/text.js";
import { Head } from "../../parts/view.js";
import { useList } from "../../state/lists.js";
import { notificationChanges } from "../../state/notifications.js";
import { tellAll } from "../../tabs.js";
import { knows, t } from "../../words/words.js";

export default function Notifications() {
  const list = useList("notifications", api.notifications);
  const items = list.items.value;
  const changes = notificationChanges.value;
  const newest = items.find((each) => !each.read);
  useEffect(() => {
    if (changes && list.started.peek()) void list.more(true);
  }, [changes]);
  useEffect(() => (newest ? whenVisible(() => markRead(newest.id)) : undefined), [newest?.id, newest?.updated_at]);
  return html`
    <section class="page">
      <${Head} title=${t("notifications.title")}>
        <a class="icon-button" href="/settings/notifications" aria-label=${t("notifications.settings")}>${h(Icon, { name: "gear" })}</a>
      <//>
      <ul class="plain-list rows">${items.map((each) => h(Item, { key: each.id, notification: each }))}</ul>
      ${h(ListEnd, { list, quiet: true, empty: h(Empty, { icon: "bell", title: t("notifications.empty") }) })}
    </section>`;
}

/** @param {string} id */
async function markRead(id) {
  try {
    await api.markNotificationsRead(id);
    tellAll("notifications-read", null);
  } catch {
    // It is gone meanwhile, and the list comes again with the event about that; or the browser is offline.
  }
}

/** Once, now or as soon as somebody sees the page. @param {() => void} act @returns {() => void} */
function whenVisible(act) {
  const look = () => {
    if (document.visibilityState !== "visible") return;
    document.removeEventListener("visibilitychange", look);
    act();
  };
  document.addEventListener("visibilitychange", look);
  look();
  return () => document.removeEventListener("visibilitychange", look);
}

/** @param {{notification: AppNotification, key?: string}} props */
function Item({ notification }) {
  const { actors, post, comment, read } = notification;
  const body = html`
    ${actors[0] ? h(Avatar, { person: actors[0] }) : html`<span class="avatar avatar-medium avatar-deleted" aria-hidden="true">${h(Icon, { name: "flag" })}</span>`}
    <span class="row-text">
      <span class="notification-text" dir="auto">${!read && html`<span class="visually-hidden">${t("notifications.new")} </span>`}${sentence(notification)}</span>
      ${comment?.text && html`<span class="quiet notification-quote" dir="auto">${comment.text}</span>`}
      <span class="quiet">${h(Time, { iso: notification.updated_at })}</span>
    </span>
    ${post?.thumbnail_url && html`<img class="notification-photo" src=${post.thumbnail_url} alt="" width="48" height="48" loading="lazy" decoding="async" />`}`;
  return html`<li><a class="row notification ${read ? "" : "notification-new"}" href=${target(notification)}>${body}</a></li>`;
}

/** @param {AppNotification} notification */
function sentence({ kind, actors, actor_count, comment, removed }) {
  const [first, second] = actors.map((each) => each.name ?? each.nickname ?? t("person.deleted"));
  const rest = actor_count - 2;
  const form = actor_count < 2 || !second ? "one" : rest ? "many" : "two";
  const who = t(`notifications.who.${form}`, { name: first, other: second ?? "", count: rest });
  const key = kind === "mention" && !comment ? "notifications.mention.post" : `notifications.${removed ? `removed.${removed.kind}` : kind}`;
  return knows(key) || first ? t(knows(key) ? key : "notifications.other", { who }) : "";
}

/** @param {AppNotification} notification */
function target({ kind, actors, post, room_id }) {
  if (post) return `/p/${post.id}`;
  if (kind === "room_request") return `/messages/${room_id}`;
  return actors[0]?.nickname ? `/@${actors[0].nickname}` : "/notifications";
}
