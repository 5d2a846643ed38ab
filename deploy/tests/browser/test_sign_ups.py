"""Signing up where not everybody may: with the approval of an admin, and with an invitation."""

import json
from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Browser

from deploy.tests.journeys.person import Person
from deploy.tests.journeys.responses import answer
from deploy.tests.standalone_process import CHEAP_HASHES, ForkedStandalone, Standalone
from shared.testing.waiting import WAIT_SECONDS

from .conftest import Opened, opened_at
from .test_access import faults_now
from .window import Window, expect

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standalone]:
    """An instance on which a moderator has to approve each account."""
    folder = tmp_path_factory.mktemp("sign-ups") / "data"
    with ForkedStandalone(folder, settings=CHEAP_HASHES | {"SIGN_UP": "approval"}).served() as standalone:
        yield standalone


@pytest.fixture
def windows(browser: Browser, closed: Standalone) -> Iterator[Opened]:
    with opened_at(browser, closed.base_url) as open_window:
        yield open_window


def admit(closed: Standalone, mode: str) -> None:
    """Let the instance run with this setting, whichever test was first."""
    if closed.settings["SIGN_UP"] != mode:
        assert closed.end() == 0
        closed.settings = CHEAP_HASHES | {"SIGN_UP": mode}
        closed.start()


def first_admin(closed: Standalone, web: httpx.Client) -> Person:
    """Made by the operator, whose commands nobody has to approve."""
    person = Person.registered(web, name="Mona Admin")
    for command in (("reinstate", person.nickname), ("role", person.nickname, "admin")):
        done = closed.admin("auth", *command, "--json")
        assert done.returncode == 0 and json.loads(done.stdout), done.stderr
    answer(person.log_in())
    return person


def sign_up(window: Window, person: Person, **more: str) -> None:
    fields = {"Email": person.email, "Name": "Ada Lovelace", "Nickname": person.nickname, "Password": person.password}
    for label, value in (fields | more).items():
        window.field(label).fill(value)
    window.button("Sign up").click()


def look(window: Window, axe: str) -> None:
    window.page.evaluate(axe)
    assert faults_now(window) == []


def test_new_person_waits_for_the_approval_of_an_admin(windows: Opened, closed: Standalone, axe: str) -> None:
    admit(closed, "approval")
    with httpx.Client(base_url=closed.base_url, timeout=WAIT_SECONDS) as web:
        admin, ada, eve = first_admin(closed, web), Person(web), Person.registered(web, name="Eve Refused")
    window = windows(width="phone")
    window.open("/signup")
    expect(window.page.get_by_text("A moderator has to approve new accounts")).to_be_visible()
    sign_up(window, ada)
    expect(window.page.get_by_role("status").get_by_text("Your account was created.")).to_be_visible()
    look(window, axe)
    window.expect_status(403)
    window.open("/login")
    window.field("Email, nickname or phone").fill(ada.nickname)
    window.field("Password").fill(ada.password)
    window.button("Log in").click()
    expect(window.page.get_by_text("A moderator has to approve your account first.")).to_be_visible()

    desk = windows()
    desk.log_in(admin, "/login?next=/moderation/people?state=pending")
    rows = desk.page.locator("li.person-row")
    expect(rows).to_have_count(2)
    look(desk, axe)
    desk.button("Approve Ada Lovelace").click()
    desk.says("Ada Lovelace can log in now.")
    desk.button(f"Refuse {eve.name}").click()
    desk.page.get_by_role("dialog").locator("textarea").fill("Nobody knows you.")
    desk.page.get_by_role("dialog").get_by_role("button").last.click()
    expect(rows).to_have_count(0)

    window.log_in(ada)
    expect(window.heading("Your feed is still empty")).to_be_visible()


def test_new_person_signs_up_once_with_an_invitation(windows: Opened, closed: Standalone, axe: str) -> None:
    admit(closed, "invitation")
    done = closed.admin("auth", "invite", "--json")
    assert done.returncode == 0, done.stderr
    code = json.loads(done.stdout)[0]["code"]
    with httpx.Client(base_url=closed.base_url, timeout=WAIT_SECONDS) as web:
        ada, eve = Person(web), Person(web)
    window = windows()
    window.expect_status(403, 422)
    window.open("/signup")
    look(window, axe)
    sign_up(window, ada, **{"Invitation code": "not-a-code"})
    expect(window.page.get_by_text("This invitation").first).to_be_visible()
    window.field("Invitation code").fill(code)
    window.button("Sign up").click()
    expect(window.heading("Your feed is still empty")).to_be_visible()
    other = windows()
    other.expect_status(403, 422)
    other.open(f"/signup?invitation={code}")
    sign_up(other, eve)
    expect(other.page.get_by_text("This invitation").first).to_be_visible()
