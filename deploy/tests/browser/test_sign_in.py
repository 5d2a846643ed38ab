"""Signing in with a provider: a new person, a second time, linking and unlinking, and answers of somebody else."""

from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Browser

from deploy.tests import identities
from deploy.tests.journeys.person import Person, fresh_nickname
from deploy.tests.standalone_process import CHEAP_HASHES, ForkedStandalone
from shared.testing.openid_provider import OpenIdProvider, openid_provider
from shared.testing.ports import free_port
from shared.testing.waiting import WAIT_SECONDS

from .conftest import Opened, opened_at
from .window import expect

pytestmark = pytest.mark.browser
WORDS = {
    "en": {
        "sign in": "Sign in with Test", "nickname": "Nickname", "sign up": "Sign up",
        "settings": "Sign-in providers",
        "connect": "Connect Test", "confirm": "Connect", "password": "Current password", "connected": "Test connected.",
        "disconnect": "Disconnect Test", "disconnected": "Test disconnected.",
        "last": "This is your only way to log in.",
        "void": "This sign-in has expired", "taken": "It is connected to another account.",
        "known": "An account has this email address.", "log in": "Log in",
    },
    "ko": {
        "sign in": "Test 계정으로 로그인", "nickname": "닉네임", "sign up": "회원가입", "settings": "외부 계정",
        "connect": "Test 연결", "confirm": "연결", "password": "현재 비밀번호",
        "connected": "Test 계정을 연결했습니다.",
        "disconnect": "Test 연결 해제", "disconnected": "Test 계정 연결을 해제했습니다.",
        "last": "유일한 로그인 방법입니다.",
        "void": "로그인 시간이 지났거나", "taken": "이미 다른 계정에 연결되어 있습니다.",
        "known": "이 이메일을 쓰는 계정이 있습니다.", "log in": "로그인",
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def provider() -> Iterator[OpenIdProvider]:
    with openid_provider() as running:
        yield running


@pytest.fixture(scope="module")
def own_site(tmp_path_factory: pytest.TempPathFactory, provider: OpenIdProvider) -> Iterator[str]:
    """An instance with this provider."""
    standalone = ForkedStandalone(tmp_path_factory.mktemp("sign-in") / "data", port=free_port())
    uri = f"{standalone.base_url}/login/{identities.PROVIDER}"
    standalone.settings = CHEAP_HASHES | identities.settings(uri, provider)
    with standalone.served() as running:
        yield running.base_url


@pytest.fixture
def windows(browser: Browser, own_site: str) -> Iterator[Opened]:
    with opened_at(browser, own_site) as open_window:
        yield open_window


@pytest.mark.parametrize("language", ["en", "ko"])
def test_new_person_signs_up_and_signs_in_again(windows: Opened, provider: OpenIdProvider, language: str) -> None:
    words, nickname = WORDS[language], fresh_nickname()
    provider.subject, provider.about = (
        nickname,
        {"email": f"{nickname}@example.org", "email_verified": True, "name": "Jo"},
    )
    window = windows(language=language)
    window.expect_status(409)  # nobody has this identity; and later, it is the only way in
    window.open("/login?next=/settings/identities")
    window.button(words["sign in"]).click()
    window.field(words["nickname"]).fill(nickname)
    assert "code=" not in window.page.url
    window.button(words["sign up"]).click()
    expect(window.heading(words["settings"])).to_be_visible()
    window.button(words["disconnect"]).click()
    expect(window.page.get_by_text(words["last"])).to_be_visible()

    again = windows(language=language)
    again.open("/login?next=/settings/identities")
    again.page.keyboard.press("Tab")
    again.button(words["sign in"]).press("Enter")
    expect(again.button(words["disconnect"])).to_be_visible()


@pytest.mark.parametrize("language", ["en", "ko"])
def test_identity_is_linked_and_unlinked_in_the_settings(
    windows: Opened, provider: OpenIdProvider, own_site: str, language: str
) -> None:
    words = WORDS[language]
    with httpx.Client(base_url=own_site, timeout=WAIT_SECONDS) as web:
        person, other = Person.newcomer(web), Person.newcomer(web)
    provider.subject, provider.about = person.id, {"email": person.email, "email_verified": True}
    window = windows(language=language)
    window.expect_status(409)
    window.log_in(person, "/login?next=/settings/identities")
    window.button(words["connect"]).click()
    window.field(words["password"]).fill(person.password)
    window.button(words["confirm"]).click()
    window.says(words["connected"])
    expect(window.button(words["disconnect"])).to_be_visible()

    another = windows(language=language)
    another.log_in(other, "/login?next=/settings/identities")
    another.button(words["connect"]).click()
    expect(another.page.get_by_text(words["taken"])).to_be_visible()

    window.button(words["disconnect"]).click()
    window.says(words["disconnected"])
    expect(window.button(words["connect"])).to_be_visible()

    unknown = windows(language=language)
    unknown.expect_status(409)
    unknown.open("/login")
    unknown.button(words["sign in"]).click()
    expect(unknown.page.get_by_text(words["known"])).to_be_visible()


@pytest.mark.parametrize("language", ["en", "ko"])
def test_answer_that_this_tab_has_not_asked_for_is_refused(
    windows: Opened, provider: OpenIdProvider, language: str
) -> None:
    """Otherwise somebody could make others act in an account that is not theirs."""
    words, window = WORDS[language], windows(language=language)
    window.open("/login/test?code=made-up&state=made-up")
    expect(window.page.get_by_text(words["void"])).to_be_visible()
    assert window.page.url.endswith("/login/test")
    assert provider.exchanges == [] or provider.exchanges[-1]["code"] != "made-up"
