"""Likes of comments, saved posts, and tags and mentions as links."""

from collections.abc import Callable
from secrets import token_hex

import pytest

from deploy.tests.journeys.person import Person
from deploy.tests.journeys.responses import answer
from shared.testing import eventually

from .conftest import Opened
from .window import expect

pytestmark = pytest.mark.browser
WORDS = {
    "en": {
        "like": "Like comment", "one": "1 like", "two": "2 likes", "save": "Save post", "saved": "Saved posts",
        "none": "You have not saved any posts yet",
    },
    "ko": {
        "like": "댓글 좋아요", "one": "좋아요 1개", "two": "좋아요 2개", "save": "게시물 저장",
        "saved": "저장한 게시물", "none": "아직 저장한 게시물이 없습니다",
    },
}  # fmt: skip
LANGUAGES = pytest.mark.parametrize("language", WORDS)


@LANGUAGES
def test_comment_is_liked_and_no_longer(opened: Opened, newcomer: Callable[..., Person], language: str) -> None:
    author, reader = newcomer(), newcomer()
    words, post = WORDS[language], author.posted("words")["id"]
    comment = answer(author.comment(post, "like me"), 201)["id"]
    answer(author.like_comment(comment))
    window = opened(language=language)
    window.log_in(reader, f"/login?next=/p/{post}")
    thread = window.page.locator(".comment-thread")
    expect(thread.get_by_text(words["one"])).to_be_visible()
    with window.page.expect_response("**/like"):  # the button changes before it, and a reload would cancel the request
        window.button(words["like"]).click()
    expect(window.button(words["like"])).to_have_attribute("aria-pressed", "true")
    expect(thread.get_by_text(words["two"])).to_be_visible()
    window.page.reload()
    expect(window.button(words["like"])).to_have_attribute("aria-pressed", "true")
    window.button(words["like"]).click()
    expect(thread.get_by_text(words["one"])).to_be_visible()
    expect(window.button(words["like"])).to_have_attribute("aria-pressed", "false")


@LANGUAGES
def test_post_is_saved_and_listed(opened: Opened, newcomer: Callable[..., Person], language: str) -> None:
    author, reader = newcomer(name="Ada Lovelace"), newcomer()
    words, post = WORDS[language], author.posted("words")["id"]
    window = opened(language=language)
    window.log_in(reader, f"/login?next=/p/{post}")
    window.button(words["save"]).click()
    expect(window.button(words["save"])).to_have_attribute("aria-pressed", "true")
    eventually(lambda: saved_by(reader) == [post])  # the button changes before the response
    window.open("/saved")
    expect(window.heading(words["saved"])).to_be_visible()
    window.page.locator(f'a[href="/p/{post}"]').first.click()
    window.button(words["save"]).click()
    expect(window.button(words["save"])).to_have_attribute("aria-pressed", "false")
    eventually(lambda: saved_by(reader) == [])
    window.open("/saved")
    expect(window.heading(words["none"])).to_be_visible()


def saved_by(reader: Person) -> list[str]:
    return [each["id"] for each in answer(reader.send("GET", "/users/me/saved"))["items"]]


def test_tags_and_mentions_are_links(opened: Opened, newcomer: Callable[..., Person]) -> None:
    author, friend = newcomer(), newcomer(name="Grace Hopper")
    tag = f"바다{token_hex(4)}"
    post = author.posted(f"#{tag.upper()} with @{friend.nickname}님 and @{token_hex(4)}x, https://example.com/#{tag}")
    answer(author.comment(post["id"], f"hello @{friend.nickname}."), 201)
    window = opened()
    window.open(f"/p/{post['id']}")
    page = window.page
    links = page.locator(".caption a")
    expect(links).to_have_count(3)
    expect(links.nth(1)).to_have_text(f"@{friend.nickname}")
    expect(page.locator(".comment-text .user-text a")).to_have_text(f"@{friend.nickname}")
    links.nth(0).click()
    expect(window.heading(f"#{tag}")).to_be_visible()
    expect(page.locator(f'a[href="/p/{post["id"]}"]')).to_have_count(1)
    page.go_back()
    page.locator(".caption a").nth(1).click()
    expect(window.heading("Grace Hopper")).to_be_visible()
