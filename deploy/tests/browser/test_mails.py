"""Confirming an email address, and a forgotten password, with the messages that are sent."""

import re
from collections.abc import Callable, Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser

from deploy.tests.journeys.person import Person, fresh_password
from deploy.tests.standalone_process import CHEAP_HASHES, ForkedStandalone
from shared.testing import eventually
from shared.testing.waiting import WAIT_SECONDS

from .conftest import opened_at
from .window import Window, expect

pytestmark = pytest.mark.browser
WORDS = {
    "en": {
        "forgot": "Forgot your password?", "email": "Email", "send": "Send the link", "sent": "with a link is on",
        "new": "New password", "set": "Set password", "login": "Log in", "void": "has expired, or was used",
        "confirm": "Confirm", "confirmed": "Your email address is confirmed.", "code": "Code of the message",
        "done": "The password is set",
        "wrong": "This code is wrong", "again": "Send again", "note": "Your email address is not confirmed yet.",
    },
    "ko": {
        "forgot": "비밀번호를 잊으셨나요?", "email": "이메일", "send": "링크 보내기", "sent": "담긴 메일을",
        "new": "새 비밀번호", "set": "비밀번호 설정", "login": "로그인", "void": "이미 사용되었습니다",
        "confirm": "확인하기", "confirmed": "이메일 주소를 확인했습니다.", "code": "메일에 있는 코드",
        "done": "비밀번호를 설정했고",
        "wrong": "코드가 잘못되었거나", "again": "다시 보내기", "note": "이메일 주소가 아직 확인되지 않았습니다.",
    },
}  # fmt: skip


class Site:
    """An instance that writes its messages into a folder."""

    def __init__(self, url: str, mails: Path) -> None:
        self.url = url
        self._mails = mails
        self.web = httpx.Client(base_url=url, timeout=WAIT_SECONDS)

    def link(self, address: str, path: str) -> str:
        """The link to this path that was sent to this address, once it is there."""
        return self._found(address, rf"{re.escape(self.url)}({path}#\S+)", 1)

    def code(self, address: str, number: int) -> str:
        """The code of this number that was sent to this address, once it is there."""
        return self._found(address, r"^(\d{8})\b", number)

    def _found(self, address: str, pattern: str, number: int) -> str:
        def found() -> list[str]:
            files = sorted(self._mails.glob("*.eml"))
            read = [message_from_bytes(each.read_bytes(), policy=policy.default) for each in files]
            texts = [_text(each) for each in read if each["To"] == address]
            return [match for text in texts for match in re.findall(pattern, text, re.MULTILINE)]

        eventually(lambda: len(found()) >= number)
        return found()[number - 1]


def _text(message: EmailMessage) -> str:
    part = message.get_body(("plain",))
    assert part is not None
    return str(part.get_content())


@pytest.fixture(scope="module")
def mail_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """With the rule of production that only confirmed users may post."""
    folder = tmp_path_factory.mktemp("mails")
    settings = {"MAIL_URL": (folder / "out").as_uri(), "UNVERIFIED_MAY_POST": "false", **CHEAP_HASHES}
    with ForkedStandalone(folder / "data", settings=settings).served() as standalone:
        site = Site(f"http://localhost:{standalone.port}", folder / "out")
        yield site
        site.web.close()


@pytest.fixture
def window(browser: Browser, mail_site: Site) -> Iterator[Callable[[str], Window]]:
    """Opens windows on this site."""
    with opened_at(browser, mail_site.url) as open_window:
        yield lambda language: open_window(language=language)


@pytest.mark.parametrize("language", ["en", "ko"])
def test_forgotten_password_is_set_with_the_link(
    mail_site: Site, window: Callable[[str], Window], language: str
) -> None:
    person, words = Person.newcomer(mail_site.web), WORDS[language]
    tab = window(language)
    tab.expect_status(422)
    tab.open("/login")
    tab.link(words["forgot"]).click()
    tab.field(words["email"]).fill(person.email)
    tab.button(words["send"]).click()
    expect(tab.page.get_by_text(words["sent"])).to_be_visible()

    link = mail_site.link(person.email, "/reset-password")
    tab.open(link)
    password = fresh_password()
    tab.field(words["new"]).fill(password)
    assert "#" not in tab.page.url
    tab.button(words["set"]).click()
    expect(tab.page.get_by_text(words["done"])).to_be_visible()
    person.password = password
    tab.log_in(person)

    other = window(language)
    other.expect_status(422)
    other.open(link)
    other.field(words["new"]).fill(fresh_password())
    other.button(words["set"]).click()
    expect(other.page.get_by_text(words["void"])).to_be_visible()


@pytest.mark.parametrize("language", ["en", "ko"])
def test_address_is_confirmed_with_the_link(mail_site: Site, window: Callable[[str], Window], language: str) -> None:
    person, words = Person.newcomer(mail_site.web), WORDS[language]
    assert person.upload().status_code == 403
    tab = window(language)
    tab.log_in(person, "/login?next=/settings")
    expect(tab.page.get_by_text(words["note"])).to_be_visible()
    tab.open(mail_site.link(person.email, "/confirm-email"))
    tab.button(words["confirm"]).click()
    expect(tab.page.get_by_text(words["confirmed"])).to_be_visible()
    tab.open("/settings")
    expect(tab.page.get_by_text(words["note"])).to_have_count(0)
    assert person.elsewhere().upload().status_code == 201


@pytest.mark.parametrize("language", ["en", "ko"])
def test_address_is_confirmed_with_the_code(mail_site: Site, window: Callable[[str], Window], language: str) -> None:
    person, words = Person.newcomer(mail_site.web), WORDS[language]
    tab = window(language)
    tab.expect_status(422)
    tab.log_in(person, "/login?next=/settings/email")
    tab.button(words["again"]).click()
    code = mail_site.code(person.email, 2)
    tab.field(words["code"]).fill(f"{(int(code) + 1) % 10**8:08}")
    tab.button(words["confirm"]).click()
    expect(tab.page.get_by_text(words["wrong"])).to_be_visible()
    tab.field(words["code"]).fill(code)
    tab.button(words["confirm"]).click()
    tab.says(words["confirmed"])
