"""Web Push: turning it on and off in the settings, and what the service worker shows of a message.

The push service of Chromium is on the internet, and a headless one shows nothing. So the page's `PushManager` is a
stub, and so is what shows a notification. A message is given to the service worker as DevTools give it; that it arrives
encrypted is tested in services/notifications.
"""

import json
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Request

from deploy.tests.journeys.person import Person
from deploy.tests.journeys.responses import answer
from shared.testing import eventually
from shared.testing.push_service import Browser

from .conftest import Opened
from .window import Window, expect

pytestmark = pytest.mark.browser
WORDS = {
    "en": {
        "on": "Get notifications in this browser", "likes": "Push: Likes of my posts", "listed": "Likes of my posts",
        "one": "Ada liked your post.", "many": "Ada, Bob and 3 more commented on your post.",
        "removed": "A moderator removed a comment of yours. The reason is in your mail.",
        "denied": "Your browser does not let this site show notifications. Allow them in its settings.",
    },
    "ko": {
        "on": "이 브라우저에서 알림 받기", "likes": "푸시: 내 게시물의 좋아요", "listed": "내 게시물의 좋아요",
        "one": "Ada 님이 회원님의 게시물을 좋아합니다.",
        "many": "Ada 님, Bob 님 외 3명이 회원님의 게시물에 댓글을 남겼습니다.",
        "removed": "운영자가 회원님의 댓글을 삭제했습니다. 이유는 메일로 보내 드렸습니다.",
        "denied": "브라우저가 이 사이트의 알림을 허용하지 않습니다. 브라우저 설정에서 허용해 주세요.",
    },
}  # fmt: skip
STUB = """
const given = %s, permission = "%s";
Object.defineProperty(Notification, "permission", { get: () => permission });
Notification.requestPermission = async () => permission;
const stored = () => JSON.parse(localStorage.getItem("pushed"));
const made = () => stored() && {
  endpoint: given.endpoint, options: { applicationServerKey: Uint8Array.from(stored()).buffer }, toJSON: () => given,
  unsubscribe: async () => (localStorage.removeItem("pushed"), true),
};
PushManager.prototype.getSubscription = async () => made();
PushManager.prototype.subscribe = async ({ userVisibleOnly, applicationServerKey: key }) => {
  const bytes = Uint8Array.from(atob(key.replace(/-/g, "+").replace(/_/g, "/")), (each) => each.charCodeAt(0));
  if (!userVisibleOnly || bytes.length !== 65) throw new TypeError("not as a browser wants it");
  localStorage.setItem("pushed", JSON.stringify([...bytes]));
  return made();
};
"""

SHOWN = """() => {
  self.shown = {};
  registration.showNotification = async (_title, { tag, body, data }) => { shown[tag] = [body, data]; };
}"""
"""Headless browsers let no service worker show notifications."""
CLICK = """async () => {
  const opened = [], notification = { data: shown["1"][1], close: () => {} };
  clients.openWindow = async (url) => opened.push(url);
  const done = [];
  const event = Object.assign(new Event("notificationclick"), { notification, waitUntil: (each) => done.push(each) });
  dispatchEvent(event);
  await Promise.all(done);
  return opened;
}"""


def with_push(opened: Opened, language: str = "en", *, allowed: bool = True) -> Window:
    """A browser whose push service is a stub."""
    window = opened(language=language, worker=True)
    given = Browser("/a").subscription("https://push.example.com")
    window.context.add_init_script(STUB % (json.dumps(given), "granted" if allowed else "denied"))
    return window


def subscribed(window: Window) -> bool:
    return bool(window.page.evaluate("() => localStorage.getItem('pushed') !== null"))


def sent(window: Window) -> list[str]:
    """The requests about subscriptions from now on."""
    found: list[str] = []

    def note(request: Request) -> None:
        if "/push/subscriptions" in request.url:
            found.append(request.method)

    window.context.on("request", note)
    return found


def wait_for(window: Window, requests: list[str], expected: list[str]) -> None:
    """Until these have been sent. Playwright reports requests only while it is asked for something."""
    eventually(lambda: window.page.evaluate("() => true") and requests == expected)


def ready(window: Window) -> None:
    window.page.wait_for_function("async () => (await navigator.serviceWorker.ready).active?.state === 'activated'")


@pytest.mark.parametrize("language", ["en", "ko"])
def test_push_is_turned_on_shows_messages_and_ends_with_the_session(
    opened: Opened, newcomer: Callable[..., Person], language: str
) -> None:
    me, words = newcomer(), WORDS[language]
    window = with_push(opened, language)
    page, requests = window.page, sent(window)
    window.log_in(me)
    ready(window)
    window.open("/settings/notifications")
    box = page.get_by_role("checkbox", name=words["on"], exact=True)
    box.check()
    wait_for(window, requests, ["POST"])
    expect(box).to_be_enabled()
    assert subscribed(window)
    box.uncheck()
    wait_for(window, requests, ["POST", "POST", "DELETE"])
    expect(box).to_be_enabled()
    assert not subscribed(window)
    box.check()
    wait_for(window, requests, ["POST", "POST", "DELETE", "POST"])
    page.reload()
    expect(box).to_be_checked()
    wait_for(window, requests, ["POST", "POST", "DELETE", "POST", "POST"])  # renewed

    worker = window.context.service_workers[0]
    worker.evaluate(SHOWN)
    push(window, {"id": "1", "kind": "like", "names": ["Ada"], "actor_count": 1, "post_id": "7"})
    push(window, {"id": "2", "kind": "comment", "names": ["Ada", "Bob"], "actor_count": 5, "post_id": "8"})
    push(window, {"id": "3", "kind": "moderation", "names": [], "actor_count": 0, "removed": {"kind": "comment"}})
    push(window, {"id": "1", "kind": "like", "names": ["Ada"], "actor_count": 1, "post_id": "9"})
    expected = [["1", words["one"], "p/9"], ["2", words["many"], "p/8"], ["3", words["removed"], "notifications"]]
    eventually(lambda: worker.evaluate("() => Object.entries(shown).map((each) => each.flat())") == expected)
    assert worker.evaluate(CLICK) == [f"{window.site.rstrip('/')}/p/9"]

    page.locator(".view-head button").click()
    window.expect_status(401)  # the socket may try once more with the token that has just ended
    window.expected.append("HTTP Authentication failed")
    page.get_by_role("button", name={"en": "Log out", "ko": "로그아웃"}[language]).click()
    eventually(lambda: not subscribed(window))


def push(window: Window, message: dict[str, Any]) -> None:
    """Give it to the service worker, as if it had been decrypted."""
    session = window.context.new_cdp_session(window.page)
    registrations: list[dict[str, Any]] = []
    session.on("ServiceWorker.workerRegistrationUpdated", lambda event: registrations.extend(event["registrations"]))
    session.send("ServiceWorker.enable")
    eventually(lambda: window.page.evaluate("() => true") and registrations)
    where = {"origin": window.site.rstrip("/"), "registrationId": registrations[0]["registrationId"]}
    session.send("ServiceWorker.deliverPushMessage", {**where, "data": json.dumps(message)})
    session.detach()


def test_permission_that_is_denied_leaves_push_off(opened: Opened, newcomer: Callable[..., Person]) -> None:
    window = with_push(opened, allowed=False)
    window.log_in(newcomer())
    ready(window)
    window.open("/settings/notifications")
    box = window.page.get_by_role("checkbox", name=WORDS["en"]["on"], exact=True)
    box.click()
    window.says(WORDS["en"]["denied"])
    expect(box).not_to_be_checked()


def test_a_kind_is_pushed_only_if_it_is_listed(opened: Opened, newcomer: Callable[..., Person]) -> None:
    me = newcomer()
    window = opened()
    window.log_in(me)
    window.open("/settings/notifications")
    box = window.page.get_by_role("checkbox", name=WORDS["en"]["likes"], exact=True)
    box.uncheck()
    of_likes = {"list": True, "push": False}
    eventually(lambda: answer(me.send("GET", "/users/me/notification-settings"))["like"] == of_likes)
    expect(box).to_be_enabled()
    window.page.get_by_role("checkbox", name=WORDS["en"]["listed"], exact=True).uncheck()
    expect(box).to_be_disabled()
