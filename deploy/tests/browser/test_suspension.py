"""What the web client shows of a suspension: to the owner of the account at the login, and to those who wrote to it."""

from collections.abc import Callable

import pytest

from deploy.tests.journeys.person import Person
from deploy.tests.journeys.responses import answer
from deploy.tests.standalone_process import Standalone
from shared.testing import eventually

from .conftest import Opened
from .window import expect

pytestmark = pytest.mark.browser
WORDS = {
    "en": {
        "log in": "Log in",
        "suspended": "This account is suspended. Write to the operator",
        "room": "nobody can write here at the moment",
    },
    "ko": {
        "log in": "로그인",
        "suspended": "정지된 계정입니다. 이 사이트의 운영자에게",
        "room": "지금은 쓸 수 없습니다",
    },
}


@pytest.mark.parametrize("language", ["en", "ko"])
def test_login_says_that_the_account_is_suspended_and_its_rooms_are_closed(
    opened: Opened, newcomer: Callable[..., Person], instance: Standalone, language: str
) -> None:
    person, peer, words = newcomer(name="Ada Lovelace"), newcomer(), WORDS[language]
    room = answer(person.open_room(peer.id), 201)["id"]
    answer(person.say(room, "kept words"), 201)
    done = instance.admin("auth", "suspend", person.nickname)
    assert done.returncode == 0, done.stderr
    eventually(lambda: answer(peer.send("GET", f"/rooms/{room}"))["closed"])

    window = opened(language=language)
    window.expect_status(401, 403)
    window.open("/login")
    window.page.locator("input[name=identifier]").fill(person.nickname)
    window.page.locator("input[name=password]").fill(person.password)
    window.button(words["log in"]).click()
    expect(window.page.get_by_role("alert").get_by_text(words["suspended"])).to_be_visible()

    other = opened(language=language)
    other.log_in(peer, f"/login?next=/messages/{room}")
    expect(other.heading("Ada Lovelace")).to_be_visible()
    expect(other.page.get_by_role("log").get_by_text("kept words")).to_be_visible()
    expect(other.page.locator(".room-closed").get_by_text(words["room"])).to_be_visible()
    expect(other.page.locator("textarea")).to_have_count(0)
