"""Searching one's own messages, in both languages."""

import re
from collections.abc import Callable

import pytest

from deploy.tests.journeys.person import Person
from deploy.tests.journeys.responses import answer

from .conftest import Opened
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
    page.wait_for_url(re.compile(f"/messages/{room}$"))
    expect(page.get_by_role("log").get_by_text("오늘 점심 먹을래?")).to_be_visible()
    page.go_back()
    expect(field).to_have_value("점심")
    expect(results.get_by_role("link")).to_have_count(1)
