"""The audit log and ending the other sessions over HTTP."""

from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import pytest

from services.auth import models
from shared.database.engine import Database
from shared.security.access_tokens import REVOKED_SESSIONS_HEADER
from shared.testing import LiveService

from .factories import PASSWORD, bearer, calling, create_user, facts, log_in, rows, sign_up

LOGIN, EVENTS, SESSIONS, ME = "/api/v1/auth/login", "/api/v1/auth/events", "/api/v1/auth/sessions", "/api/v1/users/me"
SEEN = {"x-forwarded-for": "203.0.113.7"}


def events(auth: LiveService, tokens: dict[str, Any]) -> list[dict[str, Any]]:
    """The entries, newest first."""
    answer = auth.client.get(EVENTS, headers=bearer(tokens))
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


def is_refused(auth: LiveService, tokens: dict[str, Any]) -> bool:
    """Whether both tokens are refused."""
    refreshed = auth.client.post("/api/v1/auth/refresh", json={"refresh_token": tokens["refresh_token"]})
    used = auth.client.get(ME, headers=bearer(tokens))
    return (used.status_code, refreshed.status_code) == (401, 401)


def test_user_reads_own_log_with_addresses(auth: LiveService) -> None:
    create_user(auth, "bob")
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


def test_log_is_paged(auth: LiveService) -> None:
    ada = create_user(auth)
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
def test_log_and_session_list_require_an_active_session(auth: LiveService, method: str, path: str) -> None:
    ada = create_user(auth)
    assert auth.client.post("/api/v1/auth/logout", headers=ada.bearer).status_code == 204
    for headers in ({}, ada.bearer, calling()):
        answer = auth.client.request(method, path, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (401, "invalid_token")


def test_all_other_sessions_end_and_the_current_one_continues(auth: LiveService, database: Database) -> None:
    ada, bob = create_user(auth), create_user(auth, "bob")
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


def test_ending_other_sessions_without_any_gives_204(auth: LiveService) -> None:
    ada = create_user(auth)
    for _ in range(2):
        assert auth.client.delete(SESSIONS, headers=ada.bearer).status_code == 204
    assert [each["type"] for each in events(auth, ada.tokens)] == ["login", "signed_up"]


def test_sessions_that_end_each_other_concurrently_leave_one(auth: LiveService, database: Database) -> None:
    sign_up(auth)
    logins = [log_in(auth) for _ in range(5)]
    with ThreadPoolExecutor(5) as pool:
        answers = list(pool.map(lambda tokens: auth.client.delete(SESSIONS, headers=bearer(tokens)), logins))
    assert sorted(each.status_code for each in answers) == [204, 401, 401, 401, 401]
    assert len([row for row in rows(database, models.sessions) if row.ended_at is None]) == 1


def test_withdrawal_is_logged_for_the_operator_with_the_id_only(
    auth: LiveService, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[tuple[str, dict[str, str]]] = []
    log = SimpleNamespace(info=lambda event, **words: told.append((event, words)))
    monkeypatch.setattr("services.auth.api.accounts.log", log)
    ada = create_user(auth)
    auth.client.post("/api/v1/users/me/deletion", json={"current_password": PASSWORD}, headers=ada.bearer)
    assert told == [("account withdrawn", {"user_id": ada.id})]
