"""GoToSocial with a community. A release is needed: the binary, and the folder `web` beside it (measured: 0.20)."""

import random
import re
import sqlite3
import string
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from bench.community.feeds import (
    FEED_POSTS,
    PASSWORD,
    REQUEST_SECONDS,
    OneProcess,
    await_feeds,
    follow_all,
    send,
    texts,
)
from bench.load.requests import Request
from bench.systems import start, stop
from chaos.processes import Process
from shared.testing.ports import free_port

REDIRECT = "urn:ietf:wg:oauth:2.0:oob"
SCOPES = "read write"
_CROCKFORD = string.digits + "ABCDEFGHJKMNPQRSTVWXYZ"
_TAG = re.compile("<[^>]*>")


@dataclass
class GoToSocial(OneProcess):
    """On SQLite, without limits, and without contact to other servers."""

    binary: Path = Path()
    name: str = "GoToSocial"

    def __post_init__(self) -> None:
        self._settings = self._configuration(free_port())
        self.process = self._command("gotosocial", "server", "start")

    def fill(self, people: int, posts_each: int) -> list[Request]:
        """Start it and create people and posts; the request of each person's feed. Raises Wrong.

        Accounts are created by its command, tokens in its database, everything else through its API.
        """
        start([self.process])  # creates the tables
        stop([self.process])
        names = [f"person{number}" for number in range(people)]
        for name in names:
            self._create_account(name)
        tokens = self._create_tokens(names)
        start([self.process])
        with httpx.Client(base_url=f"{self.process.url}/api/v1", timeout=REQUEST_SECONDS) as web:
            ids = [send(web, "GET", "/accounts/verify_credentials", token)["id"] for token in tokens]
            follow_all(
                ids, lambda follower, followee: send(web, "POST", f"/accounts/{followee}/follow", tokens[follower])
            )
            for token in tokens:  # new accounts are locked: they accept each follower
                for follower in send(web, "GET", "/follow_requests?limit=80", token):
                    send(web, "POST", f"/follow_requests/{follower['id']}/authorize", token)
            created = texts(people, posts_each)
            for number, text in enumerate(created):
                send(web, "POST", "/statuses", tokens[number % people], json={"status": text, "visibility": "public"})
            requests = [Request("GET", f"/api/v1/timelines/home?limit={FEED_POSTS}", token) for token in tokens]
            await_feeds(self.process.url, requests, created, _texts_of)
        return requests

    def _configuration(self, port: int) -> dict[str, str]:
        web = self.binary.resolve().parent / "web"
        return {
            "GTS_HOST": f"localhost:{port}",
            "GTS_PROTOCOL": "http",
            "GTS_PORT": str(port),
            "GTS_BIND_ADDRESS": "127.0.0.1",
            "GTS_DB_TYPE": "sqlite",
            "GTS_DB_ADDRESS": str(self.folder / "gotosocial.db"),
            "GTS_STORAGE_LOCAL_BASE_PATH": str(self.folder / "gotosocial-files"),
            "GTS_WEB_TEMPLATE_BASE_DIR": f"{web / 'template'}/",
            "GTS_WEB_ASSET_BASE_DIR": f"{web / 'assets'}/",
            "GTS_ADVANCED_RATE_LIMIT_REQUESTS": "0",
            "GTS_ADVANCED_THROTTLING_MULTIPLIER": "0",
            "GTS_INSTANCE_FEDERATION_MODE": "allowlist",
            "GTS_LOG_LEVEL": "error",
        }

    def _command(self, name: str, *arguments: str) -> Process:
        port = int(self._settings["GTS_PORT"])
        return Process(name, list(arguments), self._settings, self.folder, port, program=str(self.binary))

    def _create_account(self, name: str) -> None:
        account = ("--username", name, "--email", f"{name}@example.org", "--password", PASSWORD)
        self._command("gotosocial-admin").run_once("admin", "account", "create", *account)

    def _create_tokens(self, names: Sequence[str]) -> list[str]:
        """An access token for each, such as an application gets by OAuth; the accounts are confirmed."""
        client = _ulid()
        with closing(sqlite3.connect(self._settings["GTS_DB_ADDRESS"])) as connection, connection:
            connection.execute(
                "INSERT INTO applications (id, name, redirect_uris, client_id, client_secret, scopes)"
                " VALUES (?, 'bench', ?, ?, ?, ?)",
                (_ulid(), f'["{REDIRECT}"]', client, _ulid(), SCOPES),
            )
            return [_create_token(connection, client, name) for name in names]


def _create_token(connection: sqlite3.Connection, client: str, name: str) -> str:
    token = _ulid()
    (user_id,) = connection.execute(
        "SELECT users.id FROM users JOIN accounts ON accounts.id = users.account_id"
        " WHERE accounts.username = ? AND accounts.domain IS NULL",
        (name,),
    ).fetchone()
    connection.execute(
        "INSERT INTO tokens (id, client_id, user_id, redirect_uri, scope, code, access, access_create_at, refresh)"
        " VALUES (?, ?, ?, ?, ?, '', ?, datetime('now'), '')",
        (_ulid(), client, user_id, REDIRECT, SCOPES, token),
    )
    confirmed = "UPDATE users SET confirmed_at = coalesce(confirmed_at, datetime('now')), approved = 1 WHERE id = ?"
    connection.execute(confirmed, (user_id,))
    return token


def _ulid() -> str:
    return "01" + "".join(random.choices(_CROCKFORD, k=24))  # noqa: S311 - not a secret


def _texts_of(timeline: Any) -> list[str]:
    return [_TAG.sub("", status["content"]) for status in timeline]
