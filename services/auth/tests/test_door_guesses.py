"""Guessing passwords over HTTP: by account whichever handle is tried, at whatever route, from wherever."""

import itertools
import threading
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from sqlalchemy import Connection

from services.auth import models
from services.auth.actions import failures
from services.auth.actions.failures import AT_ONCE, FREE, LONGEST
from services.auth.passwords import VERIFIED, Passwords
from shared import clock, ids
from shared.database import Database
from shared.testing import Running, eventually
from shared.testing.waiting import WAIT_SECONDS

from .world import PASSWORD, Time, log_in, rows, sign_up, somebody

LOGIN, ME, DELETION = "/api/v1/auth/login", "/api/v1/users/me", "/api/v1/users/me/deletion"
HANDLES = ("ada", "ada@example.org", "010-1234-5678")
ATTACKERS = [f"203.0.113.{number}" for number in range(50)]


def guess(auth: Running, identifier: str, address: str = "203.0.113.1") -> httpx.Response:
    body = {"identifier": identifier, "password": "wrong password"}
    return auth.client.post(LOGIN, json=body, headers={"x-forwarded-for": address})


def hashed() -> float:
    """Passwords that reached a hash in this process so far."""
    (family,) = VERIFIED.collect()
    return next(each.value for each in family.samples if each.name.endswith("_total"))


def test_tries_count_by_account_whichever_of_its_handles_is_given(auth: Running) -> None:
    sign_up(auth, phone="010-1234-5678")
    answers = [guess(auth, handle).status_code for handle in itertools.islice(itertools.cycle(HANDLES), FREE + 3)]
    assert answers == [401] * FREE + [429] * 3


def test_tries_at_one_route_count_at_all_others(auth: Running) -> None:
    ada = somebody(auth)
    wrong = {"current_password": "wrong password"}
    for _ in range(FREE - 2):
        guess(auth, "ada")
    assert auth.client.patch(ME, json=wrong, headers=ada.bearer).status_code == 403
    assert auth.client.post(DELETION, json=wrong, headers=ada.bearer).status_code == 403
    right = {"current_password": PASSWORD}
    assert auth.client.patch(ME, json=right, headers=ada.bearer).status_code == 429
    assert auth.client.post(DELETION, json=right, headers=ada.bearer).status_code == 429
    assert guess(auth, "ada").status_code == 429
    assert auth.client.get(ME, headers=ada.bearer).status_code == 200, "who is in stays in"


def test_where_there_is_no_account_tries_count_by_what_was_tried(auth: Running) -> None:
    account = ids.parse(sign_up(auth)["id"])
    for identifier in ("nobody", "nobody@example.org", "010-0000-0000", "?!", f"account {account}"):
        assert [guess(auth, identifier).status_code for _ in range(FREE + 1)] == [401] * FREE + [429]
    assert guess(auth, "ada").status_code == 401
    assert log_in(auth)


def test_of_a_thousand_tries_from_fifty_addresses_thirty_at_most_reach_the_hash(auth: Running, time: Time) -> None:
    """All within a minute: fifty at once, and then a little later the next fifty."""
    sign_up(auth)
    before = hashed()
    with ThreadPoolExecutor(16) as crowd:
        for _ in range(20):
            answers = list(crowd.map(lambda address: guess(auth, "ada", address), ATTACKERS))
            assert {each.status_code for each in answers} <= {401, 429, 503}
            time.passes(3 * clock.SECOND)
    assert FREE <= hashed() - before <= 30


def test_a_patient_attacker_gets_no_further_either(auth: Running, database: Database, time: Time) -> None:
    """One at a time, each as soon as it may come; the trail tells of each that reached the hash."""
    sign_up(auth)
    before = hashed()
    for _ in range(60):
        guess(auth, "ada")
        time.passes(clock.SECOND)
    told = [row.type for row in rows(database, models.trail)].count("login_failed")
    assert FREE <= hashed() - before == told <= 30


def test_whoever_knows_the_password_is_in_again_a_quarter_of_an_hour_later(auth: Running, time: Time) -> None:
    sign_up(auth)
    for _ in range(2):
        with ThreadPoolExecutor(16) as crowd:
            list(crowd.map(lambda address: guess(auth, "ada", address), ATTACKERS))
        time.passes(LONGEST)
    assert log_in(auth)
    assert [guess(auth, "ada").status_code for _ in range(FREE + 1)] == [401] * FREE + [429], "and all begins anew"


def test_as_many_as_may_come_at_once_with_the_right_password_all_get_in(auth: Running) -> None:
    sign_up(auth)
    with ThreadPoolExecutor(AT_ONCE) as crowd:
        assert len(list(crowd.map(lambda _: log_in(auth), range(2 * AT_ONCE)))) == 2 * AT_ONCE


def test_those_for_whom_there_is_no_place_are_sent_away_before_anything_is_done(
    auth: Running, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = somebody(auth)
    passwords: Passwords = auth.app.state.parts.passwords
    before = rows(database, models.failures)
    monkeypatch.setattr(passwords, "_places", 0)
    right = {"current_password": PASSWORD}
    for answer in (
        guess(auth, "ada"),
        auth.client.patch(ME, json=right, headers=ada.bearer),
        auth.client.post(DELETION, json=right, headers=ada.bearer),
    ):
        assert (answer.status_code, answer.json()["code"]) == (503, "too_many_logins")
        assert answer.headers["retry-after"] == "2"
    assert rows(database, models.failures) == before


def test_those_who_wait_to_log_in_keep_no_thread_from_those_who_read(
    auth: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There are more of them than threads, and the database lets none of them get on."""
    ada = somebody(auth)
    go_on, begin, waiting = threading.Event(), failures.begin_try, []

    def stuck(tx: Connection, digest: bytes) -> None:
        waiting.append(digest)
        go_on.wait(WAIT_SECONDS)
        begin(tx, digest)

    monkeypatch.setattr(failures, "begin_try", stuck)
    with ThreadPoolExecutor(15) as crowd:
        logins = [crowd.submit(guess, auth, "ada") for _ in range(15)]
        eventually(lambda: waiting)
        for _ in range(5):
            assert auth.client.get(f"/api/v1/users/{ada.id}").status_code == 200
        go_on.set()
        assert {each.result().status_code for each in logins} <= {401, 429, 503}
