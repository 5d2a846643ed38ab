"""The internal routes of auth, which only services may call."""

import asyncio
import time
from typing import Any

import pytest
from anyio import to_thread
from pydantic import SecretStr

from shared import ids
from shared.testing import LiveService
from shared.testing.waiting import WAIT_SECONDS

from .factories import PASSWORD, Person, calling, create_user

PATHS = [
    f"/internal/people/{ids.encode(1)}", "/internal/withdrawals", "/internal/suspensions", "/internal/revocations"
]  # fmt: skip


def ask(auth: LiveService, path: str, **parameters: Any) -> Any:
    """The response to another service."""
    answer = auth.client.get(path, headers=calling(), params=parameters)
    assert answer.status_code == 200, answer.text
    return answer.json()


def withdraw(auth: LiveService, person: Person) -> None:
    body = {"current_password": PASSWORD}
    assert auth.client.post("/api/v1/users/me/deletion", json=body, headers=person.bearer).status_code == 202


def hour_ago() -> int:
    return int(time.time()) - 3600


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"authorization": "Bearer"},
        {"authorization": "Bearer nonsense"},
        {"authorization": "Basic c29jaWFsOnNlY3JldA=="},
        calling(iat=hour_ago(), exp=hour_ago() + 60),
        calling(aud="posts"),
        calling(aud=["auth"]),
        calling(aud=None),
        calling(iss="mallory"),
        calling(iss=None),
        calling(exp=None),
        calling(SecretStr("the secret of some other service")),
        calling(typ="JWT"),
        calling(typ="at+jwt"),
        {"authorization": "Bearer " + "x" * 3000},
        {"authorization": "Bearer e30." + "W1tb" * 400 + ".e30"},
    ],
    ids=range(16),
)
def test_internal_routes_require_service_credentials(standing: LiveService, path: str, headers: dict[str, str]) -> None:
    answer = standing.client.get(path, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_token")
    assert answer.headers["www-authenticate"] == 'Bearer error="invalid_token"'


def test_access_tokens_and_service_credentials_are_not_interchangeable(auth: LiveService) -> None:
    ada = create_user(auth)
    for path in PATHS:
        assert auth.client.get(path, headers=ada.bearer).status_code == 401
    assert auth.client.get("/api/v1/users/me", headers=calling()).status_code == 401


def test_service_looks_up_a_user(auth: LiveService) -> None:
    ada = create_user(auth)
    path = f"/internal/people/{ada.id}"
    known = {"user_id": ada.id, "nickname": "ada", "name": "Ada Lovelace", "avatar_url": None, "version": 1}
    assert ask(auth, path) == known | {"deleted": False, "suspended": False}
    withdraw(auth, ada)
    blank = {"user_id": ada.id, "nickname": None, "name": None, "avatar_url": None, "version": 0, "deleted": True}
    assert ask(auth, path) == blank | {"suspended": False}


@pytest.mark.parametrize("person", [ids.encode(1), "nobody", "8000000000000000", "%00"])
def test_unknown_user_is_not_found(standing: LiveService, person: str) -> None:
    assert standing.client.get(f"/internal/people/{person}", headers=calling()).status_code == 404


def test_withdrawal_list_is_paged_oldest_first(auth: LiveService) -> None:
    gone = [create_user(auth, f"person{each}") for each in range(5)]
    for each in gone:
        withdraw(auth, each)
    listed: list[dict[str, str]] = []
    after = ids.encode(0)
    for _ in range(3):
        page = ask(auth, "/internal/withdrawals", after=after, limit=2)
        listed += page["items"]
        after = page["next"] or ""
    assert after == ""
    assert [each["user_id"] for each in listed] == [each.id for each in gone]
    assert [each["id"] for each in listed] == sorted(each["id"] for each in listed)
    assert ask(auth, "/internal/withdrawals") == {"items": listed, "next": None}


@pytest.mark.parametrize("parameters", [{"after": "x"}, {"after": "-1"}, {"limit": 0}, {"limit": 1001}, {"limit": "x"}])
def test_invalid_page_of_the_withdrawal_list_is_refused(standing: LiveService, parameters: dict[str, Any]) -> None:
    answer = standing.client.get("/internal/withdrawals", params=parameters, headers=calling())
    assert answer.status_code == 422


def test_revocations_are_listed(auth: LiveService) -> None:
    ada, bob = create_user(auth), create_user(auth, "bob")
    (login,) = auth.client.get("/api/v1/auth/sessions", headers=bob.bearer).json()["items"]
    assert ask(auth, "/internal/revocations") == {"session_ids": [], "user_ids": []}
    auth.client.post("/api/v1/auth/logout", headers=bob.bearer)
    withdraw(auth, ada)
    assert ask(auth, "/internal/revocations") == {"session_ids": [login["id"]], "user_ids": [ada.id]}


def test_internal_requests_are_served_while_all_threads_are_busy(auth: LiveService) -> None:
    """In the one-process mode the caller may occupy the last thread."""

    async def occupy() -> None:
        limiter = to_thread.current_default_thread_limiter()
        while limiter.available_tokens:
            limiter.acquire_on_behalf_of_nowait(object())

    asyncio.run_coroutine_threadsafe(occupy(), auth.loop).result(WAIT_SECONDS)
    assert ask(auth, "/internal/withdrawals") == {"items": [], "next": None}
    assert auth.client.get("/readyz").json()["database"] == "up"
    assert auth.client.get("/.well-known/jwks.json").status_code == 200
