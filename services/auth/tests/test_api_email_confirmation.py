"""Confirming an address: by the link and by the code of a message."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import jwt
import pytest

from services.auth import models
from services.auth.actions import email_confirmations
from services.auth.actions.mail_limits import MAX_LINKS, WINDOW_MS
from services.auth.settings import Settings
from shared import clock
from shared.database.engine import Database
from shared.events.bus import Bus
from shared.testing import LiveService
from shared.testing.altered import altered
from shared.testing.api_client import expect_problem
from shared.testing.smtp_server import MailServer

from .factories import Person, Time, create_user, log_in, rows, sign_up
from .mails import Inbox, mailing_service

AGAIN, CONFIRM = "/api/v1/auth/email-verification", "/api/v1/auth/email-verification/confirm"
ME, DELETION, EVENTS = "/api/v1/users/me", "/api/v1/users/me/deletion", "/api/v1/auth/events"


@pytest.fixture
def auth(settings: Settings, bus: Bus, mail_server: MailServer) -> Iterator[LiveService]:
    """A service that sends its messages to the mail server."""
    with mailing_service(settings, bus, mail_server) as service:
        yield service


@pytest.fixture
def inbox(mail_server: MailServer) -> Inbox:
    return Inbox(mail_server, "ada@example.org")


def confirm(auth: LiveService, person: Person | None = None, **body: str) -> httpx.Response:
    return auth.client.post(CONFIRM, json=body, headers=person.bearer if person else {})


def is_confirmed(auth: LiveService, person: Person) -> bool:
    return bool(auth.client.get(ME, headers=person.bearer).json()["email_verified"])


def claim(tokens: dict[str, str]) -> bool:
    """The claim of an access token."""
    return bool(jwt.decode(tokens["access_token"], options={"verify_signature": False})["email_verified"])


def test_link_confirms_the_address_once(auth: LiveService, inbox: Inbox) -> None:
    ada = create_user(auth)
    assert (is_confirmed(auth, ada), claim(ada.tokens)) == (False, False)
    token = inbox.link("/confirm-email#")
    assert confirm(auth, token=token).status_code == 204
    assert is_confirmed(auth, ada)
    expect_problem(confirm(auth, token=token), 422, "invalid_token", "/token")
    renewed = auth.client.post("/api/v1/auth/refresh", json={"refresh_token": ada.tokens["refresh_token"]}).json()
    assert (claim(renewed), claim(log_in(auth))) == (True, True)
    events = auth.client.get(EVENTS, headers=ada.bearer).json()["items"]
    assert "email_confirmed" in [each["type"] for each in events]


def test_code_confirms_the_address_of_who_is_signed_in(auth: LiveService, inbox: Inbox) -> None:
    ada, bob = create_user(auth), create_user(auth, "bob")
    code = inbox.code()
    expect_problem(confirm(auth, code=code), 401, "invalid_token")
    expect_problem(confirm(auth, bob, code=code), 422, "invalid_token", "/code")
    assert confirm(auth, ada, code=f" {code[:4]} {code[4:]} ").status_code == 204
    assert (is_confirmed(auth, ada), is_confirmed(auth, bob)) == (True, False)


def test_code_is_void_after_five_wrong_ones(auth: LiveService, inbox: Inbox) -> None:
    ada = create_user(auth)
    code, wrong = inbox.code(), "00000000"
    for _ in range(email_confirmations.MAX_TRIES):
        expect_problem(confirm(auth, ada, code=wrong), 422, "invalid_token", "/code")
    expect_problem(confirm(auth, ada, code=code), 422, "invalid_token", "/code")
    assert auth.client.post(AGAIN, headers=ada.bearer).status_code == 202
    assert confirm(auth, ada, code=inbox.code(message=2)).status_code == 204


def test_another_message_makes_the_earlier_void(auth: LiveService, inbox: Inbox) -> None:
    ada = create_user(auth)
    earlier = inbox.link("/confirm-email#")
    assert auth.client.post(AGAIN, headers=ada.bearer).status_code == 202
    later = inbox.link("/confirm-email#", message=2)
    expect_problem(confirm(auth, token=earlier), 422, "invalid_token", "/token")
    assert confirm(auth, token=later).status_code == 204
    expect_problem(auth.client.post(AGAIN, headers=ada.bearer), 409, "already_verified")


def test_messages_are_limited(auth: LiveService, time: Time) -> None:
    ada = create_user(auth)
    for _ in range(MAX_LINKS):
        assert auth.client.post(AGAIN, headers=ada.bearer).status_code == 202
    refused = auth.client.post(AGAIN, headers=ada.bearer)
    expect_problem(refused, 429, "too_many_mails")
    assert 0 < int(refused.headers["retry-after"]) <= WINDOW_MS // clock.SECOND + 1


def test_link_is_valid_for_a_day(auth: LiveService, inbox: Inbox, time: Time) -> None:
    create_user(auth)
    token = inbox.link("/confirm-email#")
    time.passes(email_confirmations.VALID_MS)
    expect_problem(confirm(auth, token=token), 422, "invalid_token", "/token")


@pytest.mark.parametrize("body", [{}, {"token": "a", "code": "b"}])
def test_either_a_token_or_a_code_is_needed(auth: LiveService, body: dict[str, str]) -> None:
    expect_problem(auth.client.post(CONFIRM, json=body), 422, "token_or_code")


def test_made_up_tokens_are_refused(auth: LiveService, inbox: Inbox) -> None:
    create_user(auth)
    token = inbox.link("/confirm-email#")
    spellings = ["", "a", token[:-1], token[:-4], altered(token, -1), "한", "A" * len(token)]
    for each in spellings:
        expect_problem(confirm(auth, token=each), 422, "invalid_token", "/token")
    assert confirm(auth, token=token).status_code == 204


def test_of_fifty_uses_at_once_one_succeeds(auth: LiveService, inbox: Inbox) -> None:
    create_user(auth)
    token = inbox.link("/confirm-email#")
    with ThreadPoolExecutor(10) as pool:
        statuses = [answer.status_code for answer in pool.map(lambda _: confirm(auth, token=token), range(50))]
    assert statuses.count(204) == 1
    assert statuses.count(422) == 49


def test_withdrawal_deletes_messages_and_links(auth: LiveService, database: Database, mail_server: MailServer) -> None:
    mail_server.on_recipient = lambda _: "450 later"
    ada = create_user(auth)
    body = {"current_password": "correct horse battery"}
    assert auth.client.post(DELETION, json=body, headers=ada.bearer).status_code == 202
    assert rows(database, models.mails) == rows(database, models.email_confirmations) == []


@pytest.mark.parametrize(
    ("header", "field", "language"),
    [
        ("ko-KR,ko;q=0.9,en;q=0.8", None, "ko"), ("fr, en;q=0.5, ko;q=0.7", None, "ko"), ("ko;q=0,en", None, "en"),
        ("", None, "en"), ("de;q=x, *", None, "en"), ("ko", "en", "en"),
    ],
)  # fmt: skip
def test_message_is_in_the_language_of_the_account(
    auth: LiveService, inbox: Inbox, header: str, field: str | None, language: str
) -> None:
    auth.client.headers["accept-language"] = header
    account = sign_up(auth, language=field)
    assert account["language"] == language
    subject = {"ko": "[Shutter] 이메일 주소를 확인해 주세요", "en": "[Shutter] Confirm your email address"}[language]
    assert inbox.message()["Subject"] == subject
