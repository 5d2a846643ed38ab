"""A program with the commands, tables and routes of GoToSocial that `bench.community.gotosocial` uses.

It is started by its shebang line, which the test writes. Everything is in the SQLite file.
"""

import json
import os
import sqlite3
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

DATABASE = os.environ["GTS_DB_ADDRESS"]
TABLES = """
CREATE TABLE IF NOT EXISTS accounts (id TEXT, username TEXT, domain TEXT);
CREATE TABLE IF NOT EXISTS users (id TEXT, account_id TEXT, confirmed_at TEXT, approved INTEGER);
CREATE TABLE IF NOT EXISTS applications
    (id TEXT, name TEXT, redirect_uris TEXT, client_id TEXT, client_secret TEXT, scopes TEXT);
CREATE TABLE IF NOT EXISTS tokens
    (id TEXT, client_id TEXT, user_id TEXT, redirect_uri TEXT, scope TEXT, code TEXT, access TEXT,
     access_create_at TEXT, refresh TEXT);
CREATE TABLE IF NOT EXISTS follows (follower TEXT, followee TEXT, accepted INTEGER);
CREATE TABLE IF NOT EXISTS statuses (author TEXT, content TEXT);
"""
FEED = """
SELECT content FROM statuses
WHERE author = ?1 OR author IN (SELECT followee FROM follows WHERE follower = ?1 AND accepted)
ORDER BY rowid DESC LIMIT 10
"""


def ask(statement: str, *values: object) -> list[Any]:
    with sqlite3.connect(DATABASE, timeout=30) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        return connection.execute(statement, values).fetchall()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        path = urlsplit(self.path).path.removeprefix("/api/v1")
        if path == "/readyz":
            self._send({})
        elif path == "/accounts/verify_credentials":
            self._send({"id": self._account()})
        elif path == "/follow_requests":
            waiting = ask("SELECT follower FROM follows WHERE followee = ? AND NOT accepted", self._account())
            self._send([{"id": follower} for (follower,) in waiting])
        else:
            shown = ask(FEED, self._account())
            self._send([{"content": f"<p>{content}</p>"} for (content,) in shown])

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        match urlsplit(self.path).path.removeprefix("/api/v1").split("/")[1:]:
            case ["accounts", followee, "follow"]:
                ask("INSERT INTO follows VALUES (?, ?, 0)", self._account(), followee)
            case ["follow_requests", follower, "authorize"]:
                ask("UPDATE follows SET accepted = 1 WHERE follower = ? AND followee = ?", follower, self._account())
            case ["statuses"]:
                ask("INSERT INTO statuses VALUES (?, ?)", self._account(), json.loads(body)["status"])
        self._send({})

    def _account(self) -> str:
        """Whose token it is; only accounts that are confirmed and approved have one."""
        token = self.headers["Authorization"].removeprefix("Bearer ")
        ((account,),) = ask(
            "SELECT account_id FROM users JOIN tokens ON tokens.user_id = users.id JOIN applications USING (client_id)"
            " WHERE access = ? AND approved AND confirmed_at IS NOT NULL",
            token,
        )
        return str(account)

    def _send(self, value: Any) -> None:
        body = json.dumps(value).encode()
        self.send_response(200 if self.headers["User-Agent"] else 418)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing."""


def main() -> None:
    with sqlite3.connect(DATABASE) as connection:
        connection.executescript(TABLES)
    match sys.argv[1:]:
        case ["server", "start"]:
            ThreadingHTTPServer(("127.0.0.1", int(os.environ["GTS_PORT"])), Handler).serve_forever()
        case ["admin", "account", "create", "--username", name, *_]:
            ask("INSERT INTO accounts VALUES (?, ?, NULL)", f"account-{name}", name)
            ask("INSERT INTO users VALUES (?, ?, NULL, 0)", f"user-{name}", f"account-{name}")


main()
