/** The frame of every view: navigation, notices, and the offline indicator. */

import { useLayoutEffect, useState, useEffect } from "preact/hooks";
import { h, html } from "../html.js";
import { loading, place } from "../router.js";
import { restoreScroll } from "../scroll.js";
import { account } from "../session.js";
import { unreadNotifications } from "../state/notifications.js";
import { unreadCount } from "../state/rooms.js";
import { compact, t } from "../words/words.js";
import { Avatar } from "./avatar.js";
import { Footer } from "./footer.js";
import { Icon, Mark } from "./icon.js";
import { Notices } from "./toast.js";

const WITHOUT_FRAME = ["/login", "/signup"];

export function Shell() {
  const now = place.value;
  useArrival(now);
  if (!now) return null;
  const framed = !WITHOUT_FRAME.includes(now.name) && !(now.name === "/" && !account.value);
  return html`
    <div class="shell ${framed ? "" : "shell-bare"} ${loading.value ? "shell-loading" : ""}" data-view=${now.name}>
      <a class="skip" href="#main">${t("skip")}</a>
      ${framed && h(Navigation, { path: now.path })}
      <main id="main" tabindex="-1">
        ${h(Line, {})}
        ${now.view ? h(now.view, { key: now.path + now.query, params: now.params, query: now.query }) : h(LostView, {})}
      </main>
    </div>
    ${h(Notices, {})}`;
}

/** A new view starts at its top with the focus on its heading; a revisited one keeps its scroll position.
 * @param {import("../router.js").Place | null} now */
function useArrival(now) {
  const [first, setFirst] = useState(true);
  useLayoutEffect(() => {
    if (!now) return;
    if (now.returning) restoreScroll(now.entry);
    else scrollTo({ top: 0, behavior: "instant" });
    if (first) return setFirst(false);
    const heading = document.querySelector("main h1");
    if (heading instanceof HTMLElement) {
      heading.tabIndex = -1;
      heading.focus({ preventScroll: true });
    }
  }, [now]);
}

/** @param {{path: string}} props */
function Navigation({ path }) {
  const me = account.value;
  const unread = unreadCount.value;
  const mine = me ? `/@${me.nickname}` : "";
  return html`
    <header class="bar">
      <a class="brand" href="/" aria-label="Shutter">${h(Mark, {})}<span>Shutter</span></a>
      <nav class="nav" aria-label=${t("nav.label")}>
        ${h(NavLink, { href: "/", icon: "home", label: t("nav.home"), path })}
        ${h(NavLink, { href: "/explore", icon: "explore", label: t("nav.explore"), path })}
        ${me && h(NavLink, { href: "/new", icon: "plus", label: t("nav.new"), path, strong: true })}
        ${me && h(NavLink, { href: "/messages", icon: "chat", label: t("nav.messages"), path, count: unread, counted: "rooms.unread" })}
        ${me && h(NavLink, { href: "/notifications", icon: "bell", label: t("nav.notifications"), path, count: unreadNotifications.value, counted: "notifications.unread" })}
        ${h(NavLink, { href: "/search", icon: "search", label: t("nav.search"), path, wide: true })}
        ${me && html`
          <a class="nav-link" href=${mine} aria-current=${path === mine ? "page" : undefined}>
            ${h(Avatar, { person: me, size: "small" })}<span class="nav-label">${t("nav.profile")}</span></a>`}
        ${me && h(NavLink, { href: "/settings", icon: "gear", label: t("nav.settings"), path, wide: true })}
      </nav>
      ${!me && html`<div class="bar-enter"><a class="button button-small" href="/signup">${t("signup")}</a><a class="button button-quiet button-small" href="/login">${t("login")}</a></div>`}
      <div class="bar-foot">${h(Footer, {})}</div>
    </header>`;
}

/**
 * @param {{href: string, icon: Parameters<typeof Icon>[0]["name"], label: string, path: string, count?: number, counted?: string, strong?: boolean, wide?: boolean}} props
 * `counted`: the words for `count`; `wide`: only on wide screens
 */
function NavLink({ href, icon, label, path, count = 0, counted = "", strong = false, wide = false }) {
  const here = href === "/" ? path === "/" : path === href || path.startsWith(`${href}/`);
  return html`
    <a class="nav-link ${strong ? "nav-strong" : ""} ${wide ? "nav-wide" : ""}" href=${href} aria-current=${here ? "page" : undefined}>
      ${h(Icon, { name: icon })}<span class="nav-label">${label}</span>
      ${count > 0 && html`<span class="badge" aria-hidden="true">${compact(count)}</span><span class="visually-hidden">${t(counted, { count })}</span>`}
    </a>`;
}

/** Shows that the browser is offline. */
function Line() {
  const [online, setOnline] = useState(navigator.onLine);
  useEffect(() => {
    const look = () => setOnline(navigator.onLine);
    addEventListener("online", look);
    addEventListener("offline", look);
    return () => {
      removeEventListener("online", look);
      removeEventListener("offline", look);
    };
  }, []);
  return html`<div role="status">${!online && html`<p class="line-away">${t("offline")}</p>`}</div>`;
}

const LostView = () => html`
  <section class="page"><h1>${t("lost.title")}</h1><p>${t("lost.text")}</p>
    <p><button type="button" class="button" onClick=${() => location.reload()}>${t("reload")}</button></p></section>`;
