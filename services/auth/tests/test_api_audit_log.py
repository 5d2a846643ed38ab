"""The trail and one's other logins over HTTP: who did what from where, and the end of all logins but this one."""

from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import pytest

from services.auth import models
from shared.database.engine import Database
from shared.security.access_tokens import REVOKED_SESSIONS_HEADER
from shared.testing import LiveService

from .factories import PASSWORD, bearer, calling, facts, log_in, rows, sign_up, somebody

LOGIN, EVENTS, SESSIONS, ME = "/api/v1/auth/login", "/api/v1/auth/events", "/api/v1/auth/sessions", "/api/v1/users/me"
SEEN = {"x-forwarded-for": "203.0.113.7"}


def events(auth: LiveService, tokens: dict[str, Any]) -> list[dict[str, Any]]:
    """What was done, newest first."""
    answer = auth.client.get(EVENTS, headers=bearer(tokens))
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


def is_refused(auth: LiveService, tokens: dict[str, Any]) -> bool:
    """Whether neither of these tokens is good for anything."""
    refreshed = auth.client.post("/api/v1/auth/refresh", json={"refresh_token": tokens["refresh_token"]})
    used = auth.client.get(ME, headers=bearer(tokens))
    return (used.status_code, refreshed.status_code) == (401, 401)


def test_one_reads_what_was_done_with_ones_account_and_from_where(auth: LiveService) -> None:
    somebody(auth, "bob")
    ada = sign_up(auth)
    wrong = {"identifier": "ada@example.org", "password": "wrong password", "device": "Eve's phone"}
    auth.client.post(LOGIN, json=wrong, headers=SEEN)
    tokens = log_in(auth, device="Ada's phone")
    change = {"current_password": PASSWORD, "new_password": "another good one"}
    assert auth.client.patch(ME, json=change, headers=bearer(tokens) | SEEN).status_code == 200
    change["new_password"] = "yet another one"
    assert auth.client.patch(ME, json=change, headers=bearer(tokens) | SEEN).status_code == 403
    told = events(auth, tokens)
    current = told[2]["session_id"]
    seen = [(each["type"], each["ip"], each["device"], each["session_id"]) for each in told]
    assert seen == [
        ("wrong_password", "203.0.113.7", "Ada's phone", current),
        ("password_changed", "203.0.113.7", "Ada's phone", current),
        ("login", "127.0.0.1", "Ada's phone", current),
        ("login_failed", "203.0.113.7", "Eve's phone", None),
        ("signed_up", "127.0.0.1", None, None),
    ]
    (listed,) = auth.client.get(SESSIONS, headers=bearer(tokens)).json()["items"]
    assert listed["id"] == current
    assert ada["created_at"] <= told[-1]["created_at"] <= told[0]["created_at"]


def test_it_comes_in_pages(auth: LiveService) -> None:
    ada = somebody(auth)
    for _ in range(3):
        log_in(auth)
    first = auth.client.get(f"{EVENTS}?limit=3", headers=ada.bearer)
    rest = auth.client.get(first.headers["link"].partition(">")[0][1:], headers=ada.bearer).json()
    assert [each["type"] for each in first.json()["items"]] == ["login"] * 3
    assert [each["type"] for each in rest["items"]] == ["login", "signed_up"]
    assert rest["next_cursor"] is None
    tampered = auth.client.get(f"{EVENTS}?cursor=x", headers=ada.bearer)
    assert (tampered.status_code, tampered.json()["code"]) == (400, "invalid_cursor")


@pytest.mark.parametrize(("method", "path"), [("GET", EVENTS), ("DELETE", SESSIONS)])
def test_neither_is_for_anybody_without_a_login_that_goes_on(auth: LiveService, method: str, path: str) -> None:
    ada = somebody(auth)
    assert auth.client.post("/api/v1/auth/logout", headers=ada.bearer).status_code == 204
    for headers in ({}, ada.bearer, calling()):
        answer = auth.client.request(method, path, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (401, "invalid_token")


def test_all_other_logins_end_at_once_and_this_one_goes_on(auth: LiveService, database: Database) -> None:
    ada, bob = somebody(auth), somebody(auth, "bob")
    others = [log_in(auth) for _ in range(3)]
    current = {each["id"] for each in auth.client.get(SESSIONS, headers=ada.bearer).json()["items"] if each["current"]}
    answer = auth.client.delete(SESSIONS, headers=ada.bearer)
    assert (answer.status_code, answer.content) == (204, b"")
    assert all(is_refused(auth, tokens) for tokens in others)
    left = auth.client.get(SESSIONS, headers=ada.bearer).json()["items"]
    assert {each["id"] for each in left} == current
    assert auth.client.get(ME, headers=bob.bearer).status_code == 200
    ended = set(answer.headers[REVOKED_SESSIONS_HEADER].split())
    assert len(ended) == 3, "the gateway is told in the answer itself"
    assert {data["session_id"] for name, data in facts(database) if name == "session.revoked.v1"} == ended
    revoked = auth.client.get("/internal/revocations", headers=calling()).json()
    assert set(revoked["session_ids"]) == ended


def test_where_there_is_no_other_the_answer_is_the_same(auth: LiveService) -> None:
    ada = somebody(auth)
    for _ in range(2):
        assert auth.client.delete(SESSIONS, headers=ada.bearer).status_code == 204
    assert [each["type"] for each in events(auth, ada.tokens)] == ["login", "signed_up"]


def test_of_logins_that_end_each_other_at_the_same_instant_one_is_left(auth: LiveService, database: Database) -> None:
    sign_up(auth)
    logins = [log_in(auth) for _ in range(5)]
    with ThreadPoolExecutor(5) as pool:
        answers = list(pool.map(lambda tokens: auth.client.delete(SESSIONS, headers=bearer(tokens)), logins))
    assert sorted(each.status_code for each in answers) == [204, 401, 401, 401, 401]
    assert len([row for row in rows(database, models.sessions) if row.ended_at is None]) == 1


def test_a_withdrawal_is_told_to_the_operator_by_id_alone(auth: LiveService, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[tuple[str, dict[str, str]]] = []
    log = SimpleNamespace(info=lambda event, **words: told.append((event, words)))
    monkeypatch.setattr("services.auth.api.accounts.log", log)
    ada = somebody(auth)
    auth.client.post("/api/v1/users/me/deletion", json={"current_password": PASSWORD}, headers=ada.bearer)
    assert told == [("account withdrawn", {"user_id": ada.id})]
