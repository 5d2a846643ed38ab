"""Changing the photos of a post: their order by dragging and by keys, their descriptions, adding and removing."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import FilePayload, Request

from deploy.tests.journeys.image_files import picture
from deploy.tests.journeys.person import Person
from deploy.tests.journeys.responses import answer

from .conftest import Opened
from .window import Window, expect

pytestmark = pytest.mark.browser
WORDS = {
    "en": {
        "alt": "Describe photo {}", "up": "Move photo {} up", "down": "Move photo {} down", "remove": "Remove photo {}",
        "save": "Save", "saved": "Post changed.", "sending": "Sending photo {}", "retry": "Try again",
        "too many": "A post has at most 10 photos.", "moved": "Moved to place 1 of 3",
    },
    "ko": {
        "alt": "사진 {} 설명", "up": "사진 {} 위로", "down": "사진 {} 아래로", "remove": "사진 {} 빼기",
        "save": "저장", "saved": "게시물을 수정했습니다.", "sending": "사진 {} 보내는 중", "retry": "다시 시도",
        "too many": "게시물에는 사진을 10장까지 넣을 수 있습니다.", "moved": "3장 중 1번째로 옮겼습니다",
    },
}  # fmt: skip
LANGUAGES = pytest.mark.parametrize("language", WORDS)


@pytest.fixture
def author(newcomer: Callable[..., Person]) -> Person:
    return newcomer(name="Ada Lovelace")


@pytest.fixture
def post(author: Person) -> str:
    """Its photos are described as first, second and third."""
    ids = [
        answer(author.upload(picture("JPEG", (640, 480)), alt=alt), 201)["id"] for alt in ("first", "second", "third")
    ]
    created: str = answer(author.send("POST", "/posts", json={"media_ids": ids}), 201)["id"]
    return created


def editor(opened: Opened, author: Person, post: str, language: str) -> Window:
    window = opened(language=language)
    window.log_in(author, f"/login?next=/p/{post}/edit")
    expect(window.field(WORDS[language]["alt"].format(1))).to_have_value("first")
    return window


def shown(window: Window, language: str) -> list[str]:
    fields = window.page.locator(".shot textarea")
    return [fields.nth(index).input_value() for index in range(fields.count())]


def save(window: Window, words: dict[str, str]) -> None:
    window.button(words["save"]).click()
    window.says(words["saved"])


def stored(author: Person, post: str) -> list[dict[str, Any]]:
    media: list[dict[str, Any]] = answer(author.send("GET", f"/posts/{post}"))["media"]
    return media


def photo(name: str) -> FilePayload:
    return {"name": name, "mimeType": "image/jpeg", "buffer": picture("JPEG", (640, 480))}


@LANGUAGES
def test_photos_of_a_post_are_put_in_order_by_dragging(
    opened: Opened, author: Person, post: str, language: str
) -> None:
    window, words = editor(opened, author, post, language), WORDS[language]
    photos = window.page.locator(".shot")
    photos.nth(2).locator(".shot-picture").drag_to(photos.nth(0).locator(".shot-picture"))
    expect(window.field(words["alt"].format(1))).to_have_value("third")
    save(window, words)
    assert [each["alt"] for each in stored(author, post)] == ["third", "first", "second"]


@LANGUAGES
def test_photos_of_a_post_are_put_in_order_by_keys_and_the_focus_stays(
    opened: Opened, author: Person, post: str, language: str
) -> None:
    window, words = editor(opened, author, post, language), WORDS[language]
    window.button(words["up"].format(3)).press("Enter")
    expect(window.button(words["up"].format(2))).to_be_focused()
    window.page.keyboard.press("Space")
    expect(window.page.get_by_text(words["moved"])).to_be_attached()
    expect(window.button(words["down"].format(1))).to_be_focused()
    assert shown(window, language) == ["third", "first", "second"]
    window.page.keyboard.press("Enter")
    expect(window.button(words["down"].format(2))).to_be_focused()
    save(window, words)
    assert [each["alt"] for each in stored(author, post)] == ["first", "third", "second"]


@LANGUAGES
def test_photos_are_added_to_a_post_and_removed_from_it(
    opened: Opened, author: Person, post: str, language: str
) -> None:
    window, words = editor(opened, author, post, language), WORDS[language]
    before = stored(author, post)
    window.page.set_input_files("input[type=file]", [photo("new.jpg")])
    window.field(words["alt"].format(4)).fill("new")
    window.button(words["remove"].format(2)).click()
    window.button(words["up"].format(3)).click()
    window.field(words["alt"].format(1)).fill("changed")
    expect(window.button(words["save"])).to_be_enabled()
    save(window, words)
    after = stored(author, post)
    assert [each["alt"] for each in after] == ["changed", "new", "third"]
    assert [after[0]["id"], after[2]["id"]] == [before[0]["id"], before[2]["id"]]
    assert after[1]["id"] not in [each["id"] for each in before]


@LANGUAGES
def test_a_photo_that_cannot_be_sent_shows_why_and_can_be_sent_again(
    opened: Opened, author: Person, post: str, language: str
) -> None:
    window, words = editor(opened, author, post, language), WORDS[language]
    window.expect_status(503)
    busy = {"status": 503, "content_type": "application/problem+json", "body": '{"code": "media_unavailable"}'}
    window.page.route("**/api/v1/media", lambda route: route.fulfill(**busy), times=1)
    window.page.set_input_files("input[type=file]", [photo("new.jpg")])
    expect(window.page.locator(".shot [role=alert]")).to_contain_text("new.jpg")
    expect(window.button(words["save"])).to_be_disabled()
    window.button(words["retry"]).click()
    expect(window.button(words["save"])).to_be_enabled()
    save(window, words)
    assert [each["alt"] for each in stored(author, post)] == ["first", "second", "third", None]


@LANGUAGES
def test_a_post_is_not_saved_before_its_photos_are_sent(
    opened: Opened, author: Person, post: str, language: str
) -> None:
    window, words = editor(opened, author, post, language), WORDS[language]
    window.page.route("**/api/v1/media", lambda _: None)
    window.page.set_input_files("input[type=file]", [photo("new.jpg")])
    expect(window.page.get_by_role("progressbar", name=words["sending"].format(4))).to_be_visible()
    expect(window.button(words["save"])).to_be_disabled()
    window.button(words["remove"].format(4)).click()
    expect(window.button(words["save"])).to_be_enabled()
    window.page.set_input_files("input[type=file]", [photo(f"{number}.jpg") for number in range(8)])
    window.says(words["too many"])
    expect(window.page.locator(".shot")).to_have_count(10)
    expect(window.page.locator("input[type=file]")).to_have_count(0)
    window.page.unroute("**/api/v1/media")


@LANGUAGES
def test_another_description_of_a_sent_photo_does_not_send_it_again(
    opened: Opened, author: Person, language: str
) -> None:
    next_, back, share = {"en": ("Next", "Back", "Share"), "ko": ("다음", "뒤로", "공유")}[language]
    words, window = WORDS[language], opened(language=language)
    sent: list[Request] = []
    window.page.on("request", lambda request: sent.append(request) if request.method != "GET" else None)
    window.log_in(author, "/login?next=/new")
    window.page.set_input_files("input[type=file]", [photo("1.jpg"), photo("2.jpg")])
    window.field(words["alt"].format(1)).fill("harbour")
    window.button(next_).click()
    expect(window.page.locator(".preview-sent")).to_have_count(2)
    window.button(back).click()
    window.field(words["alt"].format(1)).fill("boats")
    window.button(next_).click()
    expect(window.page.locator(".preview-sent")).to_have_count(2)
    window.button(share).click()
    window.page.wait_for_url("**/p/*")
    expect(window.page.get_by_alt_text("boats")).to_be_visible()
    paths = [request.url.partition("/api/v1")[2] for request in sent if "/media" in request.url]
    assert paths[:2] == ["/media", "/media"] and len(paths) == 3
    assert sent[-2].method == "PATCH" and sent[-2].post_data_json == {"alt": "boats"}
    (shared,) = answer(author.send("GET", f"/users/{author.id}/posts"))["items"]
    assert [each["alt"] for each in shared["media"]] == ["boats", None]


def test_a_photo_that_was_deleted_meanwhile_is_sent_again(opened: Opened, author: Person) -> None:
    window = opened()
    window.expect_status(404)
    window.log_in(author, "/login?next=/new")
    window.page.set_input_files("input[type=file]", [photo("1.jpg")])
    window.button("Next").click()
    expect(window.page.locator(".preview-sent")).to_have_count(1)
    window.button("Back").click()
    gone = {"status": 404, "content_type": "application/problem+json", "body": '{"code": "not_found"}'}
    window.page.route("**/api/v1/media/*", lambda route: route.fulfill(**gone), times=1)
    with window.page.expect_response(lambda each: each.url.endswith("/media") and each.status == 201):
        window.field("Describe photo 1").fill("boats")  # sent at once if the sent photo is still being stored
        window.button("Next").click()
    window.button("Share").click()
    expect(window.page.get_by_alt_text("boats")).to_be_visible()
