"""Messages to the owner of an account about what was done with it."""

from collections.abc import Iterator

import pyotp
import pytest

from services.auth import models
from services.auth.actions.mail_limits import MAX_LINKS
from services.auth.settings import Settings
from shared.database.engine import Database
from shared.events.bus import Bus
from shared.testing import LiveService, eventually
from shared.testing.smtp_server import MailServer

from .factories import PASSWORD, create_user, log_in, rows, sign_up
from .mails import BASE, Inbox, mailing_service

ME, TOTP = "/api/v1/users/me", "/api/v1/users/me/totp"


@pytest.fixture
def auth(settings: Settings, bus: Bus, mail_server: MailServer) -> Iterator[LiveService]:
    """A service that sends its messages to the mail server."""
    with mailing_service(settings, bus, mail_server) as service:
        yield service


@pytest.fixture
def inbox(mail_server: MailServer) -> Inbox:
    return Inbox(mail_server, "ada@example.org")


def test_owner_is_informed_of_a_changed_password(auth: LiveService, inbox: Inbox) -> None:
    ada = create_user(auth)
    body = {"current_password": PASSWORD, "new_password": "a different long password"}
    assert auth.client.patch(ME, json=body, headers=ada.bearer).status_code == 200
    assert inbox.message(2)["Subject"] == "[Shutter] Your password was changed"
    assert f"{BASE}/settings/sessions" in inbox.text(2)
    assert "Address: 127.0.0.1" in inbox.text(2)


def test_owner_is_informed_of_the_second_factor_in_their_language(auth: LiveService, inbox: Inbox) -> None:
    ada = create_user(auth, language="ko")
    secret = auth.client.post(TOTP, json={"current_password": PASSWORD}, headers=ada.bearer).json()["secret"]
    assert auth.client.put(TOTP, json={"code": pyotp.TOTP(secret).now()}, headers=ada.bearer).status_code == 200
    body = {"current_password": PASSWORD}
    assert auth.client.request("DELETE", TOTP, json=body, headers=ada.bearer).status_code == 204
    subjects = [inbox.message(number)["Subject"] for number in (2, 3)]
    assert subjects == ["[Shutter] 2단계 로그인이 켜졌습니다", "[Shutter] 2단계 로그인이 꺼졌습니다"]


def test_owner_is_informed_of_logins_on_new_devices_only(auth: LiveService, inbox: Inbox, database: Database) -> None:
    sign_up(auth)
    log_in(auth, device="phone")  # the first one, from the network of the sign-up
    log_in(auth, device="phone")
    log_in(auth, device="laptop")
    log_in(auth, device="laptop")
    assert inbox.message(2)["Subject"] == "[Shutter] New login to your account"
    auth.client.headers["x-forwarded-for"] = "203.0.113.7"
    log_in(auth, device="phone")
    assert "Address: 203.0.113.7" in inbox.text(3)
    assert "phone" not in inbox.text(3)  # somebody chose this text, and the address is not confirmed
    eventually(lambda: not rows(database, models.mails))
    assert len(inbox.server.received) == 3


def test_device_is_named_at_a_confirmed_address(auth: LiveService, inbox: Inbox) -> None:
    sign_up(auth)
    confirmation = {"token": inbox.link("/confirm-email#")}
    assert auth.client.post("/api/v1/auth/email-verification/confirm", json=confirmation).status_code == 204
    log_in(auth, device="phone")
    log_in(auth, device="<b>Ada's laptop</b>")
    assert "Device: <b>Ada's laptop</b>" in inbox.text(2)
    html = list(inbox.message(2).iter_parts())[1].get_content()
    assert "&lt;b&gt;Ada&#x27;s laptop&lt;/b&gt;" in html


def test_mails_about_logins_are_limited(auth: LiveService, inbox: Inbox, database: Database) -> None:
    sign_up(auth)
    for number in range(MAX_LINKS + 5):
        log_in(auth, device=f"device {number}")
    eventually(lambda: not rows(database, models.mails))
    assert len(inbox.server.received) == 1 + MAX_LINKS
