"""Users, sessions and stored data for the tests of auth."""

import time as real_time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jwt
import pytest
from pydantic import SecretStr
from sqlalchemy import Row, Table, select

from services.auth import handles, models
from services.auth.actions import accounts, sessions
from services.auth.actions.audit_log import Origin
from services.auth.actions.sessions import Client, Lifetimes, Login
from services.auth.queries import Account
from services.auth.tokens import KeyCipher, RefreshTokens
from shared import clock
from shared.database.engine import Database
from shared.pagination import Page, PageRequest
from shared.testing import LiveService, outbox_events

KEY = b"k" * 32
PASSWORD = "correct horse battery"
HASH = "the hash of the password"
CALLER_SECRET = SecretStr("a secret between two services, long enough")
IP = "127.0.0.1"
CIPHER = KeyCipher(b"s" * 32)
TOKENS = RefreshTokens(b"r" * 32)
NOWHERE = Origin(IP, 0)
"""Of what tests do without a login."""
LIFETIMES = Lifetimes(idle=30 * clock.DAY, absolute=90 * clock.DAY)


class Time:
    """A clock that a test can move and stop."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._ahead = 0
        self._now = clock.now
        monkeypatch.setattr(clock, "now", lambda: self._now() + self._ahead)

    def stops(self) -> None:
        """From now on only `passes` moves it: for tests that must not depend on the speed of the machine."""
        moment = self._now()
        self._now = lambda: moment

    def passes(self, milliseconds: int) -> None:
        """Move the clock forward."""
        self._ahead += milliseconds


@dataclass(frozen=True)
class Person:
    """A logged-in user."""

    account: dict[str, Any]
    tokens: dict[str, Any]

    @property
    def id(self) -> str:
        """In the wire format."""
        return str(self.account["id"])

    @property
    def bearer(self) -> dict[str, str]:
        """The request header of the access token."""
        return bearer(self.tokens)


def bearer(tokens: dict[str, Any]) -> dict[str, str]:
    """The request header of these tokens."""
    return {"authorization": f"Bearer {tokens['access_token']}"}


def application(nickname: str = "ada", **changes: Any) -> dict[str, Any]:
    """The body of a sign-up; None omits a field."""
    usual = {"email": f"{nickname}@example.org", "name": "Ada Lovelace", "nickname": nickname, "password": PASSWORD}
    return {name: value for name, value in {**usual, **changes}.items() if value is not None}


def sign_up(auth: LiveService, nickname: str = "ada", **changes: Any) -> dict[str, Any]:
    """The account of a new user."""
    answer = auth.client.post("/api/v1/auth/signup", json=application(nickname, **changes))
    assert answer.status_code == 201, answer.text
    account: dict[str, Any] = answer.json()
    return account


def log_in(auth: LiveService, identifier: str = "ada", password: str = PASSWORD, **more: Any) -> dict[str, Any]:
    """A new pair of tokens."""
    body = {"identifier": identifier, "password": password, **more}
    answer = auth.client.post("/api/v1/auth/login", json=body)
    assert answer.status_code == 200, answer.text
    tokens: dict[str, Any] = answer.json()
    return tokens


def create_user(auth: LiveService, nickname: str = "ada", **changes: Any) -> Person:
    """A new user who is logged in."""
    account = sign_up(auth, nickname, **changes)
    return Person(account, log_in(auth, nickname, changes.get("password", PASSWORD)))


def calling(secret: SecretStr = CALLER_SECRET, *, typ: str = "service+jwt", **claims: Any) -> dict[str, str]:
    """The request header of another service; valid, except for the given claims."""
    now = int(real_time.time())
    usual = {"iss": "social", "aud": "auth", "iat": now, "exp": now + 60}
    kept = {name: value for name, value in {**usual, **claims}.items() if value is not None}
    token = jwt.encode(kept, secret.get_secret_value(), "HS256", headers={"typ": typ})
    return {"authorization": f"Bearer {token}"}


def applicant(
    nickname: str = "ada", *, name: str = "Ada Lovelace", email: str | None = None, phone: str | None = None
) -> accounts.Applicant:
    """A validated applicant."""
    number = handles.phone(phone, "KR") if phone else None
    address = handles.email(email or f"{nickname}@example.org")
    return accounts.Applicant(address, handles.nickname(nickname), number, name, HASH, "en")


def register(database: Database, nickname: str = "ada", **about: Any) -> Account:
    """The account of a new user, without HTTP."""
    return database.write(accounts.sign_up, applicant(nickname, **about), KEY, IP)


def open_login(database: Database, account: Account, device: str | None = None, ip: str = IP) -> Login:
    """A login, without HTTP."""
    client = Client(ip, device)
    return database.write(sessions.log_in, account.id, account.password_hash, None, client, LIFETIMES, TOKENS)


def all_pages(ask: Callable[[PageRequest], Page], limit: int) -> list[Any]:
    """Every item of a list, page by page."""
    items: list[Any] = []
    after = None
    for _ in range(100):
        found = ask(PageRequest(limit, after))
        assert len(found.items) <= limit
        items += found.items
        after = found.next
        if after is None:
            return items
    raise AssertionError("the list never ends")


def rows(database: Database, table: Table) -> list[Row[Any]]:
    """All rows of this table."""
    return list(database.read(lambda connection: connection.execute(select(table)).all()))


def facts(database: Database) -> list[tuple[str, dict[str, Any]]]:
    """All events published so far, each checked against its contract."""
    return outbox_events(database, models.outbox)
