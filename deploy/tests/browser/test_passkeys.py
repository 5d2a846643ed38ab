"""Passkeys with Chromium's virtual authenticator: adding, logging in, as a second step, as a proof, and removing."""

from collections.abc import Callable
from typing import Any

import pyotp
import pytest

from deploy.tests.journeys.person import Person
from deploy.tests.journeys.responses import answer

from .conftest import Opened
from .window import Window, expect

pytestmark = pytest.mark.browser
WORDS = {
    "en": {
        "add": "Add", "added": "Passkey added.", "name": "Name", "password": "Current password", "log in": "Log in",
        "sign in": "Sign in with a passkey", "instead": "Use a passkey instead", "use": "Use a passkey", "code": "Code",
        "remove it": "Remove passkey: key", "removed": "Passkey removed.", "unused": "not used yet",
        "used": "last used", "not accepted": "This passkey was not accepted.", "exists": "There is a passkey",
        "deleted": "Your account is deleted.", "not used": "No passkey was used.",
    },
    "ko": {
        "add": "추가", "added": "패스키를 추가했습니다.", "name": "이름", "password": "현재 비밀번호",
        "log in": "로그인",
        "sign in": "패스키로 로그인", "instead": "대신 패스키 사용", "use": "패스키 사용", "code": "코드",
        "remove it": "패스키 삭제: key", "removed": "패스키를 삭제했습니다.",
        "unused": "아직 사용하지 않음", "used": "마지막 사용", "not accepted": "이 패스키를 확인하지 못했습니다.",
        "exists": "이미 이 계정의 패스키가", "deleted": "계정을 삭제했습니다.",
        "not used": "패스키를 사용하지 않았습니다.",
    },
}  # fmt: skip


@pytest.fixture
def localhost(site: str) -> str:
    """The URL of the instance with the host name for which passkeys work: an address is none."""
    return site.replace("127.0.0.1", "localhost")


class Device:
    """The virtual authenticator of a window."""

    def __init__(self, window: Window) -> None:
        self._session = window.context.new_cdp_session(window.page)
        self._session.send("WebAuthn.enable")
        options = {
            "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
            "isUserVerified": True, "automaticPresenceSimulation": True,
        }  # fmt: skip
        self.id = self._session.send("WebAuthn.addVirtualAuthenticator", {"options": options})["authenticatorId"]

    def credentials(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._session.send("WebAuthn.getCredentials", {"authenticatorId": self.id})[
            "credentials"
        ]
        return found

    def receive(self, credential: dict[str, Any]) -> None:
        """Get a copy of a credential of another device."""
        self._session.send("WebAuthn.addCredential", {"authenticatorId": self.id, "credential": credential})

    def verifies(self, *, user: bool) -> None:
        """Whether it recognizes its user from now on."""
        what = {"authenticatorId": self.id, "isUserVerified": user}
        self._session.send("WebAuthn.setUserVerified", what)


@pytest.mark.parametrize("language", ["en", "ko"])
def test_passkey_from_adding_to_removing(
    opened: Opened, newcomer: Callable[..., Person], localhost: str, language: str
) -> None:
    person, words = newcomer(), WORDS[language]
    window = opened(language=language)
    window.expect_status(401, 409, 422)
    device = Device(window)
    window.log_in(person, f"{localhost}/login?next=/settings/passkeys")
    _add(window, person, words)
    window.says(words["added"])
    expect(window.page.get_by_text(words["unused"])).to_be_visible()

    # The same device has one already.
    _add(window, person, words)
    expect(window.page.get_by_text(words["exists"])).to_be_visible()

    other = opened(language=language)
    other.expect_status(401)
    Device(other).receive(device.credentials()[0])
    other.open(f"{localhost}/login?next=/settings/passkeys")
    other.button(words["sign in"]).click()
    expect(other.page.get_by_text(words["used"])).to_be_visible()

    # The passkey confirms its own removal.
    other.button(words["remove it"]).click()
    row = other.page.locator("li.card")
    other.button(words["instead"], row).click()
    other.says(words["removed"])
    expect(other.page.locator("ul.rows li")).to_have_count(0)

    gone = opened(language=language)
    gone.expect_status(401)
    Device(gone).receive(device.credentials()[0])
    gone.open(f"{localhost}/login")
    gone.button(words["sign in"]).click()
    expect(gone.page.get_by_text(words["not accepted"])).to_be_visible()


@pytest.mark.parametrize("language", ["en", "ko"])
def test_passkey_is_the_second_step_and_confirms_a_deletion(
    opened: Opened, newcomer: Callable[..., Person], localhost: str, language: str
) -> None:
    person, words = newcomer(), WORDS[language]
    window = opened(language=language)
    window.expect_status(401)  # at the end, when the account is deleted
    window.expect_lost_line()
    device = Device(window)
    window.log_in(person, f"{localhost}/login?next=/settings/passkeys")
    _add(window, person, words)
    window.says(words["added"])
    _require_code(person)

    other = opened(language=language)
    other.expect_status(401)
    other.expect_lost_line()
    there = Device(other)
    there.receive(device.credentials()[0])
    other.open(f"{localhost}/login?next=/settings/deletion")
    other.page.locator("input[name=identifier]").fill(person.nickname)
    other.page.locator("input[name=password]").fill(person.password)
    other.button(words["log in"]).click()
    expect(other.field(words["code"])).to_be_focused()
    there.verifies(user=False)
    other.button(words["use"]).click()
    expect(other.page.get_by_text(words["not used"])).to_be_visible()
    there.verifies(user=True)
    other.button(words["use"]).click()

    other.page.get_by_role("checkbox").check()
    other.button(words["instead"]).click()
    other.says(words["deleted"])


def test_passkeys_do_not_work_at_another_address(opened: Opened) -> None:
    window = opened()
    Device(window)
    window.open("/login")  # 127.0.0.1
    window.button(WORDS["en"]["sign in"]).click()
    expect(window.page.get_by_text("do not work at this address")).to_be_visible()


def _add(window: Window, person: Person, words: dict[str, str]) -> None:
    window.field(words["name"]).fill("key")
    window.field(words["password"]).fill(person.password)
    window.button(words["add"]).click()


def _require_code(person: Person) -> None:
    begun = answer(person.send("POST", "/users/me/totp", json={"current_password": person.password}), 201)
    answer(person.send("PUT", "/users/me/totp", json={"code": pyotp.TOTP(begun["secret"]).now()}))
