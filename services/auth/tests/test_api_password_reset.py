"""A new password by a link that is sent to the address of an account."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from sqlalchemy import update

from services.auth import models
from services.auth.actions import password_resets
from services.auth.actions.mail_limits import MAX_LINKS, WINDOW_MS
from services.auth.settings import Settings
from shared import clock, ids
from shared.database.engine import Database
from shared.events.bus import Bus
from shared.testing import LiveService, eventually
from shared.testing.api_client import expect_problem
from shared.testing.query_plans import captured_statements
from shared.testing.smtp_server import MailServer

from . import passkey_requests
from .authenticator import Authenticator
from .factories import PASSWORD, Person, Time, create_user, log_in, rows
from .mails import Inbox, mailing_service
from .test_api_second_factor import enabled

RESET, CONFIRM, ME = "/api/v1/auth/password-reset", "/api/v1/auth/password-reset/confirm", "/api/v1/users/me"
NEW = "a different long password"


@pytest.fixture
def auth(settings: Settings, bus: Bus, mail_server: MailServer) -> Iterator[LiveService]:
    """A service that sends its messages to the mail server."""
    with mailing_service(settings, bus, mail_server) as service:
        yield service


@pytest.fixture
def ada(auth: LiveService, inbox: Inbox) -> Person:
    """A user who has got the first message."""
    person = create_user(auth)
    inbox.message()
    return person


@pytest.fixture
def inbox(mail_server: MailServer) -> Inbox:
    return Inbox(mail_server, "ada@example.org")


def ask(auth: LiveService, email: str = "ada@example.org") -> httpx.Response:
    return auth.client.post(RESET, json={"email": email})


def use(auth: LiveService, token: str, password: str = NEW) -> httpx.Response:
    return auth.client.post(CONFIRM, json={"token": token, "new_password": password})


def token_of(auth: LiveService, inbox: Inbox, message: int = 2) -> str:
    assert ask(auth).status_code == 202
    return inbox.link("/reset-password#", message)


def test_link_sets_a_new_password_and_ends_every_session(auth: LiveService, ada: Person, inbox: Inbox) -> None:
    token = token_of(auth, inbox)
    answer = use(auth, token)
    assert answer.status_code == 204
    assert answer.headers["x-ended-logins"]
    expect_problem(auth.client.get(ME, headers=ada.bearer), 401, "invalid_token")
    spent = {"refresh_token": ada.tokens["refresh_token"]}
    expect_problem(auth.client.post("/api/v1/auth/refresh", json=spent), 401, "invalid_token")
    old = {"identifier": "ada", "password": PASSWORD}
    expect_problem(auth.client.post("/api/v1/auth/login", json=old), 401, "invalid_credentials")
    assert auth.client.get(ME, headers=Person({}, log_in(auth, password=NEW)).bearer).json()["email_verified"] is True
    assert "비밀번호" in inbox.message(3)["Subject"] or "password was changed" in inbox.message(3)["Subject"]


@pytest.mark.parametrize("is_confirmed", [False, True])
def test_no_other_way_in_outlasts_a_reset_at_an_unconfirmed_address(
    auth: LiveService, ada: Person, inbox: Inbox, database: Database, *, is_confirmed: bool
) -> None:
    """Another person may have signed up with the address of somebody who arrives later."""
    passkey_requests.register(auth, ada, Authenticator(origin="https://shutter.example"))
    enabled(auth, ada)
    identity = {"id": 1, "provider": "test", "digest": b"d" * 32, "subject": "s", "created_at": 0}
    row = identity | {"account_id": ids.parse(ada.id)}
    confirmed = update(models.accounts).values(email_verified=is_confirmed)
    database.write(lambda tx: (tx.execute(models.identities.insert().values(**row)), tx.execute(confirmed)))
    assert use(auth, token_of(auth, inbox, 4)).status_code == 204  # after two notices
    left = [len(rows(database, each)) for each in (models.passkeys, models.identities, models.totp_secrets)]
    assert left == [is_confirmed] * 3
    (account,) = rows(database, models.accounts)
    assert bool(account.second_factor) is is_confirmed


def test_answer_is_the_same_for_unknown_addresses(auth: LiveService, ada: Person, mail_server: MailServer) -> None:
    known, unknown = ask(auth), ask(auth, "nobody@example.org")
    assert known.status_code == unknown.status_code == 202
    assert known.content == unknown.content
    eventually(lambda: len(mail_server.received) == 2)
    assert set(mail_server.recipients) == {"ada@example.org"}


def test_same_statements_run_for_known_and_unknown_addresses(
    auth: LiveService, ada: Person, database: Database, settings: Settings
) -> None:
    found = []
    for digest in (b"k" * 32, b"u" * 32):
        with captured_statements(database) as asked:
            database.write(password_resets.request, digest, digest)
        found.append([statement for statement, *_ in asked])
    assert found[0] == found[1]


def test_request_never_touches_the_mail_server(
    auth: LiveService, mail_server: MailServer, database: Database, ada: Person
) -> None:
    mail_server.hangs = True
    create_user(auth, "bob")
    for _ in range(3):
        assert ask(auth, "bob@example.org").status_code == 202
    assert mail_server.sent_to("bob@example.org") == []
    mail_server.hangs = False
    eventually(lambda: not rows(database, models.mails))
    subjects = [each["Subject"] for each in mail_server.sent_to("bob@example.org")]
    assert len(subjects) == 2  # of three links only the last one is valid
    assert len(mail_server.tried) == len(mail_server.received)


def test_link_works_once_among_fifty_uses_at_once(auth: LiveService, ada: Person, inbox: Inbox) -> None:
    token = token_of(auth, inbox)
    with ThreadPoolExecutor(10) as pool:
        statuses = [
            answer.status_code for answer in pool.map(lambda number: use(auth, token, f"{NEW} {number}"), range(50))
        ]
    assert statuses.count(204) == 1
    assert set(statuses) <= {204, 422, 503}
    expect_problem(use(auth, token), 422, "invalid_token", "/token")


def test_only_the_last_link_is_valid(auth: LiveService, ada: Person, inbox: Inbox) -> None:
    first = token_of(auth, inbox)
    second = token_of(auth, inbox, message=3)
    expect_problem(use(auth, first), 422, "invalid_token", "/token")
    assert use(auth, second).status_code == 204


def test_link_is_valid_for_thirty_minutes(auth: LiveService, ada: Person, inbox: Inbox, time: Time) -> None:
    time.stops()
    token = token_of(auth, inbox)
    time.passes(password_resets.VALID_MS - 1)
    expect_problem(use(auth, token, "short"), 422, "invalid_password", "/new_password")
    time.passes(1)
    expect_problem(use(auth, token), 422, "invalid_token", "/token")


def test_no_more_than_five_messages_are_sent_within_an_hour(
    auth: LiveService, ada: Person, mail_server: MailServer, database: Database, time: Time
) -> None:
    with ThreadPoolExecutor(10) as pool:
        assert {answer.status_code for answer in pool.map(lambda _: ask(auth, " ADA@example.org"), range(20))} == {202}
    eventually(lambda: not rows(database, models.reset_requests) and not rows(database, models.mails))
    assert 1 <= len(mail_server.received) - 1 <= MAX_LINKS
    (limit,) = [row for row in rows(database, models.mail_limits) if len(row.times) == 8 * MAX_LINKS]
    before = len(mail_server.received)
    time.passes(WINDOW_MS + clock.SECOND)
    ask(auth)
    eventually(lambda: len(mail_server.received) == before + 1)
    assert limit.digest


def test_new_password_has_to_follow_the_rules_and_keeps_the_link(auth: LiveService, ada: Person, inbox: Inbox) -> None:
    token = token_of(auth, inbox)
    for weak, code in (
        ("short", "invalid_password"),
        ("password1", "common_password"),
        ("Ada Lovelace", "common_password"),
    ):
        expect_problem(use(auth, token, weak), 422, code, "/new_password")
    assert use(auth, token).status_code == 204


def test_changed_password_makes_a_link_void(auth: LiveService, ada: Person, inbox: Inbox) -> None:
    token = token_of(auth, inbox)
    changed = auth.client.patch(ME, json={"current_password": PASSWORD, "new_password": NEW}, headers=ada.bearer)
    assert changed.status_code == 200
    expect_problem(use(auth, token, "yet another password"), 422, "invalid_token", "/token")


def test_no_token_is_stored(auth: LiveService, ada: Person, inbox: Inbox, database: Database) -> None:
    token = token_of(auth, inbox)
    stored = str([rows(database, table) for table in models.metadata.sorted_tables])
    assert token not in stored
    assert token[22:] not in stored


def test_confirmation_token_sets_no_password(auth: LiveService, ada: Person, inbox: Inbox) -> None:
    ask(auth)
    expect_problem(use(auth, inbox.link("/confirm-email#")), 422, "invalid_token", "/token")


def test_withdrawal_deletes_the_link(auth: LiveService, ada: Person, inbox: Inbox, database: Database) -> None:
    token = token_of(auth, inbox)
    body = {"current_password": PASSWORD}
    assert auth.client.post(f"{ME}/deletion", json=body, headers=ada.bearer).status_code == 202
    assert rows(database, models.password_resets) == rows(database, models.mails) == []
    expect_problem(use(auth, token), 422, "invalid_token", "/token")


@pytest.mark.parametrize("email", ["", "ada", "ada@localhost", "a@b@c.org"])
def test_what_is_no_address_is_refused(auth: LiveService, email: str) -> None:
    expect_problem(ask(auth, email), 422, "invalid_email", "/email")
