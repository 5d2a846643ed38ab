"""The Idempotency-Key header: the same key and body get the first response again."""

import threading
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from sqlalchemy import func, select

from shared.database.engine import Database
from shared.testing import LiveService
from shared.testing.waiting import WAIT_SECONDS
from shared.tests.sample_service import MINTER, THINGS


def add(standing: LiveService, key: str | bytes, text: str = "x", subject: int = 7) -> httpx.Response:
    headers = {name.encode(): value.encode() for name, value in MINTER.bearer(subject).items()}
    headers[b"idempotency-key"] = key if isinstance(key, bytes) else key.encode()
    return standing.client.post("/api/v1/things", json={"text": text}, headers=headers)


def count(database: Database) -> int:
    return database.read(lambda tx: tx.execute(select(func.count()).select_from(THINGS)).scalar_one())


@pytest.mark.parametrize("key", ["one", "with spaces and %&/", "키 \U0001f511", "k" * 255, "글" * 255, b"\xe9t\xe9"])
def test_repeated_request_gets_the_same_response(standing: LiveService, database: Database, key: str | bytes) -> None:
    before = count(database)
    first, second = add(standing, key), add(standing, key)
    assert first.status_code == second.status_code == 201
    assert first.content == second.content
    assert first.headers["location"] == second.headers["location"]
    assert count(database) == before + 1


def test_same_key_with_another_body_is_refused(standing: LiveService) -> None:
    add(standing, "two", "x")
    answer = add(standing, "two", "y")
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")


def test_keys_of_other_owners_are_independent(standing: LiveService) -> None:
    assert add(standing, "three", subject=1).json() != add(standing, "three", subject=2).json()


@pytest.mark.parametrize("key", ["", "k" * 256, "a\tb", b"\xc2\x85", b"\xff\x80"])
def test_malformed_key_is_refused(standing: LiveService, database: Database, key: str | bytes) -> None:
    before = count(database)
    answer = add(standing, key)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_idempotency_key")
    assert count(database) == before


def test_refused_body_does_not_use_up_the_key(standing: LiveService) -> None:
    assert add(standing, "four", "").status_code == 422
    assert add(standing, "four", "x").status_code == 201


def test_key_requires_an_access_token(standing: LiveService) -> None:
    answer = standing.client.post("/api/v1/things", json={"text": "x"}, headers={"idempotency-key": "five"})
    assert answer.status_code == 401


def test_twenty_concurrent_requests_write_once(standing: LiveService, database: Database) -> None:
    before, together = count(database), threading.Barrier(20)

    def attempt(_: int) -> httpx.Response:
        together.wait(WAIT_SECONDS)
        return add(standing, "six")

    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(attempt, range(20)))
    assert count(database) == before + 1
    assert {each.status_code for each in answers} <= {201, 409}
    assert len({each.content for each in answers if each.status_code == 201}) == 1
    assert {each.json()["code"] for each in answers if each.status_code == 409} <= {"idempotency_in_progress"}
