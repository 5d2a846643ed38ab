"""Completing mentions in comments and captions: with the keyboard, the mouse and Hangul, without violations of axe."""

from collections.abc import Callable

import pytest

from deploy.tests.journeys.person import Person
from deploy.tests.journeys.responses import answer

from .conftest import Opened
from .test_access import faults_now
from .window import expect

pytestmark = pytest.mark.browser
WORDS = {
    "en": {"comment": "Write a comment", "list": "People to mention"},
    "ko": {"comment": "댓글 쓰기", "list": "언급할 사람"},
}


@pytest.mark.parametrize("language", ["en", "ko"])
def test_mention_is_completed_in_a_comment(
    opened: Opened, newcomer: Callable[..., Person], axe: str, language: str
) -> None:
    words, me, beginning = WORDS[language], newcomer(), "abc"
    friend = newcomer(name="김밥", nickname=f"{beginning}.friend.{language}")
    others = [newcomer(name=f"Other {number}", nickname=f"{beginning}.{number}.{language}") for number in range(6)]
    answer(me.follow(friend.id))
    post = friend.posted("a post")["id"]
    window = opened(language=language, width="phone")
    window.log_in(me, f"/login?next=/p/{post}")
    page = window.page
    field, people = window.field(words["comment"]), page.get_by_role("listbox", name=words["list"])
    options = people.get_by_role("option")
    field.press_sequentially("mail@abc, Hello @ABC")
    expect(options).to_have_count(5)
    expect(options.first).to_contain_text(f"@{friend.nickname}")  # the newest ones are the others
    expect(options.nth(1)).to_contain_text(f"@{others[-1].nickname}")
    expect(options.first).to_have_attribute("aria-selected", "true")
    page.evaluate(axe)
    assert faults_now(window) == []
    field.press("ArrowUp")
    expect(options.last).to_have_attribute("aria-selected", "true")
    expect(field).to_have_attribute("aria-activedescendant", options.last.get_attribute("id") or "")
    field.press("ArrowDown")
    field.press("Escape")
    expect(people).to_have_count(0)
    field.press_sequentially(".")
    expect(options.first).to_contain_text(f"@{friend.nickname}")
    field.press("Enter")
    expect(field).to_have_value(f"mail@abc, Hello @{friend.nickname} ")
    expect(people).to_have_count(0)
    field.press_sequentially("and @other 5")
    expect(people).to_have_count(0)
    for _ in " 5":
        field.press("Backspace")
    expect(options.first).to_be_visible()
    page.get_by_role("option").filter(has_text=f"@{others[5].nickname}").click()
    expect(field).to_have_value(f"mail@abc, Hello @{friend.nickname} and @{others[5].nickname} ")
    expect(field).to_be_focused()
    field.press("Enter")
    expect(page.get_by_role("link", name=f"@{others[5].nickname}")).to_be_visible()


def test_composition_of_hangul_is_not_disturbed(opened: Opened, newcomer: Callable[..., Person]) -> None:
    me, friend = newcomer(), newcomer(name="각시")
    answer(me.follow(friend.id))
    post = friend.posted("a post")["id"]
    window = opened(language="ko")
    window.log_in(me, f"/login?next=/p/{post}")
    page = window.page
    field, options = window.field("댓글 쓰기"), page.get_by_role("option")
    field.press_sequentially("@")
    keyboard = page.context.new_cdp_session(page)
    for text in ("ㄱ", "가", "각"):
        keyboard.send("Input.imeSetComposition", {"text": text, "selectionStart": 1, "selectionEnd": 1})
    expect(options).to_have_count(1)
    key = {"key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 229}  # as input methods send what belongs to them
    keyboard.send("Input.dispatchKeyEvent", {"type": "rawKeyDown", **key})
    keyboard.send("Input.dispatchKeyEvent", {"type": "keyUp", **key})
    expect(field).to_have_value("@각")
    keyboard.send("Input.insertText", {"text": "각"})
    expect(field).to_have_value("@각")
    expect(options).to_have_count(1)
    field.press("Enter")
    expect(field).to_have_value(f"@{friend.nickname} ")
    keyboard.send("Input.imeSetComposition", {"text": "가", "selectionStart": 1, "selectionEnd": 1})
    keyboard.send("Input.insertText", {"text": "가"})
    expect(field).to_have_value(f"@{friend.nickname} 가")


def test_mention_is_completed_in_a_caption(opened: Opened, newcomer: Callable[..., Person]) -> None:
    me, friend = newcomer(), newcomer(name="Eve of captions")
    post = me.posted("with")["id"]
    window = opened()
    window.log_in(me, f"/login?next=/p/{post}/edit")
    field = window.field("Caption")
    field.press("End")
    field.press_sequentially(f" @{friend.nickname[:8]}")
    expect(window.page.get_by_role("option").first).to_be_visible()
    field.press("Tab")
    expect(field).to_have_value(f"with @{friend.nickname} ")
    expect(field).to_be_focused()
