"""Searching one's own messages, in both languages, and showing one that is found among those around it."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator

from deploy.tests.journeys.person import Person
from deploy.tests.journeys.responses import answer
from shared.testing import eventually

from .conftest import Opened
from .test_access import faults_now
from .window import expect

pytestmark = pytest.mark.browser
WORDS = {
    "en": {"field": "Search messages", "results": "Messages found", "none": "No message with “점심시간”"},
    "ko": {"field": "메시지 검색", "results": "찾은 메시지", "none": "“점심시간”이(가) 들어 있는 메시지가 없습니다"},
}


@pytest.mark.parametrize("language", ["en", "ko"])
def test_message_is_found_and_its_conversation_opened(
    opened: Opened, newcomer: Callable[..., Person], language: str
) -> None:
    person, peer, words = newcomer(), newcomer(name="Eve"), WORDS[language]
    room = answer(person.open_room(peer.id), 201)["id"]
    answer(person.say(room, "오늘 점심 먹을래?"), 201)
    answer(person.say(room, "<b>Seven</b> o'clock"), 201)
    window = opened(language=language)
    window.log_in(person, "/login?next=/messages")
    page = window.page
    field = page.get_by_role("searchbox", name=words["field"])
    results = page.get_by_role("list", name=words["results"])
    field.fill("점심시간")
    expect(window.heading(words["none"])).to_be_visible()
    field.fill("<B>seven")
    expect(results.get_by_role("link")).to_have_count(1)
    field.fill("점심")
    expect(results.get_by_text("오늘 점심 먹을래?")).to_be_visible()
    field.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(f"/messages/{room}\\?"))
    expect(page.get_by_role("log").get_by_text("오늘 점심 먹을래?")).to_be_visible()
    expect(field).to_have_value("점심")  # beside the conversation
    page.go_back()
    expect(field).to_have_value("점심")
    expect(results.get_by_role("link")).to_have_count(1)


@pytest.mark.parametrize("width", ["desk", "phone"])
def test_found_message_is_shown_among_those_around_it(
    opened: Opened, newcomer: Callable[..., Person], axe: str, width: str
) -> None:
    person, peer = newcomer(), newcomer(name="Eve")
    room = person.room_with(peer)
    for number in range(240):
        who = person if number % 3 else peer
        answer(who.say(room, f"message {number}" + (" with a needle" if number == 70 else "")), 201)
    window = opened(width=width)
    window.log_in(person, "/login?next=/messages?q=needle")
    page = window.page
    page.get_by_role("list", name="Messages found").get_by_role("link").click()
    log = page.get_by_role("log")
    found = log.get_by_text("message 70 with a needle", exact=True)
    expect(found).to_be_in_viewport()
    expect(log.locator(".message-highlit")).to_contain_text("needle")
    expect(log.locator("article:focus")).to_contain_text("needle")
    expect(log.get_by_text("message 239", exact=True)).to_have_count(0)
    page.evaluate(axe)
    assert faults_now(window) == []
    answer(peer.say(room, "meanwhile"), 201)  # is not put below the messages from long ago
    page.get_by_role("log").evaluate("box => box.scrollTo(0, 0)")
    expect(log.get_by_text("message 0", exact=True)).to_be_attached()
    for last in ("message 170", "meanwhile"):
        eventually(lambda: scrolled_to(log, last))  # noqa: B023 - called at once
    shown = [text for text in log.locator("article .user-text").all_text_contents() if text.startswith("message")]
    assert [int(text.split()[1]) for text in shown] == list(range(240))
    expect(window.button("New messages")).to_have_count(0)
    answer(peer.say(room, "the very newest"), 201)
    expect(log.get_by_text("the very newest")).to_be_in_viewport()


def scrolled_to(log: Locator, text: str) -> bool:
    """Scroll to the end of what is there. Returns whether this message is."""
    log.evaluate("box => box.scrollTo(0, box.scrollHeight)")
    return log.get_by_text(text, exact=True).count() == 1


def test_button_leads_from_a_found_message_to_the_newest(opened: Opened, newcomer: Callable[..., Person]) -> None:
    person, peer = newcomer(), newcomer(name="Eve")
    room = person.room_with(peer)
    for number in range(160):
        answer(person.say(room, f"needle {number}"), 201)
    window = opened()
    found = answer(person.send("GET", "/messages", params={"query": "needle 7", "limit": 100}))["items"][-1]
    window.log_in(person, f"/login?next=/messages/{room}?m={found['id']}")
    log = window.page.get_by_role("log")
    expect(log.get_by_text("needle 7", exact=True)).to_be_in_viewport()
    window.button("New messages").click()
    expect(log.get_by_text("needle 159", exact=True)).to_be_in_viewport()
    expect(log.get_by_text("needle 7", exact=True)).to_have_count(0)
    expect(window.button("New messages")).to_have_count(0)
