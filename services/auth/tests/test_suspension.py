"""Suspending and reinstating an account: what its owner and others see of it, and what other services are told."""

from collections.abc import Iterator
from typing import Any

import httpx
import pyotp
import pytest

from services.auth import models
from services.auth.actions import reindexing, sessions, suspensions, withdrawals
from services.auth.actions.login_throttle import MAX_PENDING_ATTEMPTS
from services.auth.settings import Settings
from shared import ids
from shared.database.engine import Database
from shared.errors import Forbidden, Unauthenticated
from shared.events.bus import Bus
from shared.testing import LiveService
from shared.testing.api_client import expect_json, expect_problem
from shared.testing.query_plans import captured_statements, slow_steps
from shared.testing.smtp_server import MailServer

from . import passkey_requests
from .factories import LIFETIMES, PASSWORD, TOKENS, Person, calling, create_user, facts, open_login, register, rows
from .mails import Inbox, mailing_service

LOGIN, REFRESH, TOTP = "/api/v1/auth/login", "/api/v1/auth/refresh", "/api/v1/users/me/totp"
USERS = "/api/v1/users"


@pytest.fixture
def ada(auth: LiveService) -> Person:
    return create_user(auth)


def log_in(auth: LiveService, password: str = PASSWORD, **more: Any) -> httpx.Response:
    return auth.client.post(LOGIN, json={"identifier": "ada", "password": password, **more})


def suspend(database: Database, person: Person) -> None:
    assert database.write(suspensions.suspend, ids.parse(person.id))


def reinstate(database: Database, person: Person) -> None:
    assert database.write(suspensions.reinstate, ids.parse(person.id))


def seen(auth: LiveService, person: Person) -> list[Any]:
    """The answers of everything that shows an account."""
    paths = (f"{USERS}/{person.id}", f"{USERS}/by-nickname/ada", f"{USERS}?query=ada", f"{USERS}?query=Ada%20L")
    return [(found.status_code, found.json()) for found in map(auth.client.get, paths)]


def test_suspension_is_reported_only_after_the_right_password(
    auth: LiveService, database: Database, ada: Person
) -> None:
    suspend(database, ada)
    expect_problem(log_in(auth, "a wrong password"), 401, "invalid_credentials")
    expect_problem(log_in(auth), 403, "account_suspended")
    expect_problem(auth.client.get("/api/v1/users/me", headers=ada.bearer), 401, "invalid_token")
    spent = {"refresh_token": ada.tokens["refresh_token"]}
    expect_problem(auth.client.post(REFRESH, json=spent), 401, "invalid_token")
    reinstate(database, ada)
    expect_json(log_in(auth), 200)
    expect_problem(auth.client.post(REFRESH, json=spent), 401, "invalid_token")


def test_suspension_is_reported_only_after_the_right_code(auth: LiveService, database: Database, ada: Person) -> None:
    begun = expect_json(auth.client.post(TOTP, json={"current_password": PASSWORD}, headers=ada.bearer))
    code = pyotp.TOTP(begun["secret"]).now()
    recovery = expect_json(auth.client.put(TOTP, json={"code": code}, headers=ada.bearer), 200)["recovery_codes"]
    suspend(database, ada)
    expect_problem(log_in(auth), 401, "second_factor_required")
    expect_problem(log_in(auth, otp="00000000"), 401, "invalid_otp")
    expect_problem(log_in(auth, otp=recovery[0]), 403, "account_suspended")
    reinstate(database, ada)
    expect_json(log_in(auth, otp=recovery[0]), 200)


def test_passkey_does_not_let_in_and_does_not_count_as_a_failure(
    auth: LiveService, database: Database, ada: Person
) -> None:
    phone, _ = passkey_requests.register(auth, ada)
    suspend(database, ada)
    for _ in range(MAX_PENDING_ATTEMPTS + 1):
        answer = phone.get(passkey_requests.login_options(auth))
        expect_problem(passkey_requests.log_in(auth, answer), 403, "account_suspended")
    stolen = phone.get(passkey_requests.login_options(auth)) | {"id": "AAAA", "rawId": "AAAA"}
    expect_problem(passkey_requests.log_in(auth, stolen), 401, "invalid_passkey")
    reinstate(database, ada)
    expect_json(passkey_requests.log_in(auth, phone.get(passkey_requests.login_options(auth))), 200)


@pytest.fixture
def mailing(settings: Settings, bus: Bus, mail_server: MailServer) -> Iterator[LiveService]:
    with mailing_service(settings, bus, mail_server) as service:
        yield service


def test_new_password_does_not_let_in(mailing: LiveService, database: Database, mail_server: MailServer) -> None:
    ada, inbox = create_user(mailing), Inbox(mail_server, "ada@example.org")
    inbox.message()
    suspend(database, ada)
    mailing.client.post("/api/v1/auth/password-reset", json={"email": inbox.address})
    body = {"token": inbox.link("/reset-password#", 3), "new_password": "a different long password"}
    assert mailing.client.post("/api/v1/auth/password-reset/confirm", json=body).status_code == 204
    expect_problem(log_in(mailing), 401, "invalid_credentials")
    expect_problem(log_in(mailing, "a different long password"), 403, "account_suspended")


def test_account_is_hidden_and_then_shown_exactly_as_before(auth: LiveService, database: Database, ada: Person) -> None:
    create_user(auth, "bob", name="Ada Too")
    before, index = seen(auth, ada), rows(database, models.search_prefixes)
    suspend(database, ada)
    while reindexing.Reindexing(database).step():
        pass
    hidden = seen(auth, ada)
    assert [status for status, _ in hidden] == [404, 404, 200, 200]
    assert [[each["nickname"] for each in found["items"]] for _, found in hidden[2:]] == [["bob"], []]
    reinstate(database, ada)
    assert seen(auth, ada) == before
    assert sorted(rows(database, models.search_prefixes)) == sorted(index)


def test_each_change_is_one_event_with_a_newer_version(database: Database) -> None:
    ada = register(database)
    open_login(database, ada)
    for change, done in (
        (suspensions.suspend, True), (suspensions.suspend, False),
        (suspensions.reinstate, True), (suspensions.reinstate, False),
    ):  # fmt: skip
        assert database.write(change, ada.id) is done
    told = facts(database)
    assert [name for name, _ in told] == [
        "user.registered.v1", "session.revoked.v1", "user.updated.v1", "user.updated.v1",
    ]  # fmt: skip
    assert [(data["version"], data["suspended"]) for name, data in told if name.startswith("user.")] == [
        (1, False), (2, True), (3, False),
    ]  # fmt: skip
    assert [row.type for row in rows(database, models.trail)] == ["signed_up", "login", "suspended", "reinstated"]
    (account,) = rows(database, models.accounts)
    assert (account.suspended, account.suspended_at) == (False, None)


def test_neither_a_login_nor_a_refresh_survives_a_suspension(database: Database) -> None:
    ada = register(database)
    before = open_login(database, ada)
    database.write(suspensions.suspend, ada.id)
    with pytest.raises(Forbidden, match="account_suspended"):
        open_login(database, ada)
    with pytest.raises(Unauthenticated):
        database.write(sessions.refresh, before.refresh_token, "127.0.0.1", LIFETIMES, TOKENS)
    assert all(row.ended_at is not None for row in rows(database, models.sessions))


def test_suspended_account_is_deleted_completely(database: Database) -> None:
    ada = register(database)
    database.write(suspensions.suspend, ada.id)
    database.write(withdrawals.withdraw_by_operator, ada.id)
    assert rows(database, models.accounts) == [] == rows(database, models.search_prefixes)
    assert [name for name, _ in facts(database)][-1] == "user.deleted.v1"
    for change in (suspensions.suspend, suspensions.reinstate, withdrawals.withdraw_by_operator):
        with pytest.raises(Unauthenticated):
            database.write(change, ada.id)


def test_other_services_read_the_suspended_accounts_in_pages(auth: LiveService, database: Database) -> None:
    people = [register(database, f"nick{number}") for number in range(4)]
    for each in people[1:]:
        database.write(suspensions.suspend, each.id)

    def listed(after: int) -> list[str]:
        asked = {"after": ids.encode(after), "limit": "2"}
        found = auth.client.get("/internal/suspensions", headers=calling(), params=asked).json()
        return [each["user_id"] for each in found["items"]]

    assert listed(0) == [ids.encode(each.id) for each in people[1:3]]
    assert listed(people[2].id) == [ids.encode(people[3].id)]
    person = auth.client.get(f"/internal/people/{ids.encode(people[1].id)}", headers=calling()).json()
    assert (person["suspended"], person["version"], person["nickname"]) == (True, 2, "nick1")
    with captured_statements(database) as asked:
        database.read(suspensions.suspended_after, 0, 2)
    assert not any(slow_steps(database, each) for each in asked)
