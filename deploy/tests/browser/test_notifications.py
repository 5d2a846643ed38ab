"""The bell in the navigation, the list of notifications, live by the socket, and the settings of kinds."""

from collections.abc import Callable

import pytest

from deploy.tests.journeys.person import Person
from deploy.tests.journeys.responses import answer
from shared.testing import eventually

from .conftest import Opened
from .window import expect

pytestmark = pytest.mark.browser
WORDS = {
    "en": {
        "bell": "Notifications", "one": "Max Frisch liked your post.",
        "three": "Bob Ross, Jo Nesbø and 1 more liked your post.", "reply": "Bob Ross commented on your post.",
        "settings": "Notification settings", "likes": "Likes of my posts", "unread": "1 unread notification",
    },
    "ko": {
        "bell": "알림", "one": "Max Frisch 님이 회원님의 게시물을 좋아합니다.",
        "three": "Bob Ross 님, Jo Nesbø 님 외 1명이 회원님의 게시물을 좋아합니다.",
        "reply": "Bob Ross 님이 회원님의 게시물에 댓글을 남겼습니다.",
        "settings": "알림 설정", "likes": "내 게시물의 좋아요", "unread": "읽지 않은 알림 1개",
    },
}  # fmt: skip


@pytest.mark.parametrize("language", ["en", "ko"])
def test_notifications_arrive_are_grouped_lead_to_their_post_and_can_be_turned_off(
    opened: Opened, newcomer: Callable[..., Person], language: str
) -> None:
    me, words = newcomer(), WORDS[language]
    max_, jo, bob = (newcomer(name=name) for name in ("Max Frisch", "Jo Nesbø", "Bob Ross"))
    post = me.posted()["id"]
    window = opened(language=language)
    page = window.page
    window.log_in(me)
    bell = page.get_by_role("navigation").get_by_role("link", name=words["bell"])
    expect(bell.locator(".badge")).to_have_count(0)

    answer(max_.like(post))
    expect(bell).to_contain_text(words["unread"])
    bell.focus()
    page.keyboard.press("Enter")
    expect(window.heading(words["bell"])).to_be_visible()
    row = page.get_by_role("main").get_by_role("listitem")
    expect(row).to_contain_text(words["one"])
    expect(bell.locator(".badge")).to_have_count(0)

    answer(jo.like(post))
    answer(bob.like(post))
    expect(row).to_contain_text(words["three"])
    answer(bob.comment(post, "Happy little dot"), 201)
    expect(row.first).to_contain_text(words["reply"])
    expect(row.first).to_contain_text("Happy little dot")
    expect(row).to_have_count(2)
    eventually(lambda: answer(me.send("GET", "/notifications/unread")) == {"count": 0})

    window.link(words["settings"]).click()
    page.get_by_label(words["likes"], exact=True).press("Space")
    eventually(lambda: not answer(me.send("GET", "/users/me/notification-settings"))["like"]["list"])
    page.reload()
    expect(page.get_by_label(words["likes"], exact=True)).not_to_be_checked()
    page.go_back()
    row.last.get_by_role("link").press("Enter")
    page.wait_for_url(f"**/p/{post}")
