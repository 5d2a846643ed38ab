"""Two-step login: adding an authenticator app, logging in with its code and with a recovery code, and removing it."""

import re
from collections.abc import Callable

import pyotp
import pytest

from deploy.tests.journeys.person import Person

from .conftest import Opened
from .window import Window, expect

pytestmark = pytest.mark.browser
WORDS = {
    "en": {
        "set up": "Set up", "turn on": "Turn on", "turn off": "Turn off", "code": "Code", "log in": "Log in",
        "password": "Current password", "wrong": "This code is wrong", "off": "Two-step login is turned off.",
        "file": "Save as a file",
    },
    "ko": {
        "set up": "설정하기", "turn on": "켜기", "turn off": "끄기", "code": "코드", "log in": "로그인",
        "password": "현재 비밀번호", "wrong": "코드가 틀렸거나", "off": "2단계 로그인을 껐습니다.",
        "file": "파일로 저장",
    },
}  # fmt: skip


@pytest.mark.parametrize("language", ["en", "ko"])
def test_two_step_login_from_setting_up_to_turning_off(
    opened: Opened, newcomer: Callable[..., Person], language: str
) -> None:
    person, words = newcomer(), WORDS[language]
    window = opened(language=language)
    window.expect_status(401, 422)
    window.log_in(person, "/login?next=/settings/second-factor")
    window.field(words["password"]).fill(person.password)
    window.button(words["set up"]).click()
    expect(window.page.locator("svg.qr-code path")).to_have_attribute("d", re.compile("M2 2h1v1h-1z"))
    totp = pyotp.TOTP(window.page.locator("main a code").inner_text().replace(" ", ""))

    window.field(words["code"]).fill("000000")
    window.button(words["turn on"]).click()
    expect(window.page.get_by_text(words["wrong"]).first).to_be_visible()
    window.field(words["code"]).fill(totp.now())
    window.button(words["turn on"]).click()
    expect(window.page.locator(".recovery-codes li")).to_have_count(10)
    recovery_codes = window.page.locator(".recovery-codes li").all_inner_texts()
    with window.page.expect_download() as download:
        window.link(words["file"]).click()
    assert download.value.path().read_text().split() == recovery_codes

    other = opened(language=language)
    other.expect_status(401)
    other.open("/login?next=/settings/second-factor")
    other.page.locator("input[name=identifier]").fill(person.nickname)
    other.page.locator("input[name=password]").fill(person.password)
    other.button(words["log in"]).click()
    expect(other.field(words["code"])).to_be_focused()
    _enter(other, "000000", words)
    expect(other.page.get_by_text(words["wrong"])).to_be_visible()
    _enter(other, recovery_codes[0], words)
    other.field(words["password"]).fill(person.password)
    other.button(words["turn off"]).click()
    other.says(words["off"])
    expect(other.button(words["set up"])).to_be_visible()


def _enter(window: Window, code: str, words: dict[str, str]) -> None:
    window.field(words["code"]).fill(code)
    window.button(words["log in"]).click()
