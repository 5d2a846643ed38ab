"""Guessing passwords over HTTP: strangers count by handle, owners by session and by the networks they come from."""

import threading
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from sqlalchemy import Connection

from services.auth import models
from services.auth.actions import login_throttle
from services.auth.actions.login_throttle import AT_ONCE, FREE, LONGEST
from services.auth.actions.networks import KNOWN_FOR
from services.auth.passwords import VERIFIED, Passwords
from shared import clock, ids
from shared.database.engine import Database
from shared.security.access_tokens import LOGIN_LIMITED_HEADER
from shared.testing import LiveService, eventually
from shared.testing.waiting import WAIT_SECONDS

from .factories import PASSWORD, Time, bearer, log_in, rows, sign_up, somebody

LOGIN, ME, DELETION = "/api/v1/auth/login", "/api/v1/users/me", "/api/v1/users/me/deletion"
HANDLES = ("ada", "ada@example.org", "010-1234-5678")
ATTACKERS = [f"203.0.113.{number}" for number in range(50)]


@pytest.fixture
def stopped(time: Time) -> Time:
    """A clock that only the test moves: no pause ends while the machine is slow."""
    time.stops()
    return time


def guess(auth: LiveService, identifier: str, address: str = "203.0.113.1") -> httpx.Response:
    body = {"identifier": identifier, "password": "wrong password"}
    return auth.client.post(LOGIN, json=body, headers={"x-forwarded-for": address})


def hashed() -> float:
    """Passwords that reached a hash in this process so far."""
    (family,) = VERIFIED.collect()
    return next(each.value for each in family.samples if each.name.endswith("_total"))


def test_tries_count_by_handle_so_that_refusals_do_not_link_handles(auth: LiveService, stopped: Time) -> None:
    """Whether two handles are of one account or of two, and of none, the answers are the same."""
    sign_up(auth, phone="010-1234-5678")
    for handle in (*HANDLES, "nobody", "nobody@example.org", "010-9999-9999"):
        assert [guess(auth, handle).status_code for _ in range(FREE + 1)] == [401] * FREE + [429]


def test_tries_in_a_session_count_by_session(auth: LiveService, stopped: Time) -> None:
    ada = somebody(auth)
    other = bearer(log_in(auth))
    wrong, right = {"current_password": "wrong password"}, {"current_password": PASSWORD}
    for _ in range(FREE - 1):
        assert auth.client.patch(ME, json=wrong, headers=ada.bearer).status_code == 403
    assert auth.client.post(DELETION, json=wrong, headers=ada.bearer).status_code == 403
    assert auth.client.patch(ME, json=right, headers=ada.bearer).status_code == 429
    assert auth.client.post(DELETION, json=right, headers=ada.bearer).status_code == 429
    assert auth.client.get(ME, headers=ada.bearer).status_code == 200, "who is in stays in"
    assert log_in(auth)
    assert auth.client.post(DELETION, json=right, headers=other).status_code == 202


@pytest.mark.parametrize("tries", [5, 25, 300])
def test_strangers_keep_nobody_from_their_account(auth: LiveService, tries: int, stopped: Time) -> None:
    """From where one was logged in lately one logs in; in a session the password is changed, and one withdraws."""
    ada = somebody(auth, phone="010-1234-5678")
    home, elsewhere = {"x-forwarded-for": "198.51.100.7"}, {"x-forwarded-for": "192.0.2.1"}
    right = {"identifier": "ada", "password": PASSWORD}
    assert auth.client.post(LOGIN, json=right, headers=home).status_code == 200
    with ThreadPoolExecutor(16) as pool:
        guesses = [(HANDLES[number % 3], ATTACKERS[number % 50]) for number in range(3 * tries)]
        list(pool.map(lambda each: guess(auth, *each), guesses))
    assert [guess(auth, handle).status_code for handle in HANDLES] == [429] * 3
    assert auth.client.post(LOGIN, json=right, headers=elsewhere).status_code == 429
    for handle in HANDLES:
        body = {"identifier": handle, "password": PASSWORD}
        assert auth.client.post(LOGIN, json=body, headers=home).status_code == 200
    fresh = {"current_password": PASSWORD, "new_password": "another horse battery"}
    assert auth.client.patch(ME, json=fresh, headers=ada.bearer).status_code == 200
    gone = {"current_password": "another horse battery"}
    assert auth.client.post(DELETION, json=gone, headers=ada.bearer).status_code == 202


def test_one_logs_in_from_where_one_signed_up(auth: LiveService, stopped: Time) -> None:
    sign_up(auth)
    for _ in range(FREE + 1):
        guess(auth, "ada")
    assert guess(auth, "ada").status_code == 429
    assert log_in(auth)


def test_tries_from_a_known_network_are_limited_too(auth: LiveService, stopped: Time) -> None:
    sign_up(auth)
    assert [guess(auth, "ada", "127.0.0.1").status_code for _ in range(FREE + 1)] == [401] * FREE + [429]
    assert guess(auth, "ada").status_code == 401, "and are none of the strangers'"


def test_past_the_limit_of_an_address_only_those_who_logged_in_there_lately_may_try(
    auth: LiveService, database: Database, time: Time
) -> None:
    sign_up(auth)
    right = {"identifier": "ada", "password": PASSWORD}
    home = {"x-forwarded-for": "198.51.100.7"}
    limited = home | {LOGIN_LIMITED_HEADER: "217"}
    before, counted = hashed(), rows(database, models.failures)
    for identifier in ("ada", "ada@example.org", "nobody", "?!"):
        answer = auth.client.post(LOGIN, json=right | {"identifier": identifier}, headers=limited)
        assert (answer.status_code, answer.json()["code"]) == (429, "rate_limited"), identifier
        assert answer.headers["retry-after"] == "217"
    assert (hashed(), rows(database, models.failures)) == (before, counted), "nothing is hashed or counted for them"
    assert auth.client.post(LOGIN, json=right, headers=home).status_code == 200
    assert auth.client.post(LOGIN, json=right, headers=limited).status_code == 200
    wrong = right | {"password": "wrong password"}
    tries = [auth.client.post(LOGIN, json=wrong, headers=limited).status_code for _ in range(FREE + 1)]
    assert tries == [401] * FREE + [429], "what is known is limited as before"
    time.passes(KNOWN_FOR + clock.DAY)
    assert auth.client.post(LOGIN, json=right, headers=limited).status_code == 429


def test_where_there_is_no_account_tries_count_by_what_was_tried(auth: LiveService, stopped: Time) -> None:
    account = ids.parse(sign_up(auth)["id"])
    for identifier in ("nobody", "nobody@example.org", "010-0000-0000", "?!", f"account {account}"):
        assert [guess(auth, identifier).status_code for _ in range(FREE + 1)] == [401] * FREE + [429]
    assert guess(auth, "ada").status_code == 401
    assert log_in(auth)


def test_of_a_thousand_tries_from_fifty_addresses_thirty_at_most_reach_the_hash(auth: LiveService, time: Time) -> None:
    """All within a minute: fifty at once, and then a little later the next fifty."""
    sign_up(auth)
    before = hashed()
    with ThreadPoolExecutor(16) as pool:
        for _ in range(20):
            answers = list(pool.map(lambda address: guess(auth, "ada", address), ATTACKERS))
            assert {each.status_code for each in answers} <= {401, 429, 503}
            time.passes(3 * clock.SECOND)
    assert FREE <= hashed() - before <= 30


def test_a_patient_attacker_gets_no_further_either(auth: LiveService, database: Database, time: Time) -> None:
    """One at a time, each as soon as it may come; the trail tells of each that reached the hash."""
    sign_up(auth)
    before = hashed()
    for _ in range(60):
        guess(auth, "ada")
        time.passes(clock.SECOND)
    told = [row.type for row in rows(database, models.trail)].count("login_failed")
    assert FREE <= hashed() - before == told <= 30


def test_whoever_knows_the_password_is_in_again_a_quarter_of_an_hour_later(auth: LiveService, stopped: Time) -> None:
    sign_up(auth)
    for _ in range(2):
        with ThreadPoolExecutor(16) as pool:
            list(pool.map(lambda address: guess(auth, "ada", address), ATTACKERS))
        stopped.passes(LONGEST)
    right = {"identifier": "ada", "password": PASSWORD}
    assert auth.client.post(LOGIN, json=right, headers={"x-forwarded-for": "203.0.113.200"}).status_code == 200
    assert [guess(auth, "ada").status_code for _ in range(FREE + 1)] == [401] * FREE + [429], "and all begins anew"


def test_as_many_as_may_come_at_once_with_the_right_password_all_get_in(auth: LiveService) -> None:
    sign_up(auth)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        assert len(list(pool.map(lambda _: log_in(auth), range(2 * AT_ONCE)))) == 2 * AT_ONCE


def test_those_for_whom_there_is_no_place_are_sent_away_before_anything_is_done(
    auth: LiveService, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = somebody(auth)
    passwords: Passwords = auth.app.state.dependencies.passwords
    before = rows(database, models.failures)
    monkeypatch.setattr(passwords, "_free_slots", {False: 0, True: 0})
    right = {"current_password": PASSWORD}
    for answer in (
        guess(auth, "ada"),
        auth.client.patch(ME, json=right, headers=ada.bearer),
        auth.client.post(DELETION, json=right, headers=ada.bearer),
    ):
        assert (answer.status_code, answer.json()["code"]) == (503, "too_many_logins")
        assert answer.headers["retry-after"] == "2"
    assert rows(database, models.failures) == before


def test_a_crowd_that_logs_in_takes_no_place_of_those_with_a_session(
    auth: LiveService, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = somebody(auth)
    monkeypatch.setattr(auth.app.state.dependencies.passwords, "_free_slots", {False: 0, True: 1})
    assert guess(auth, "ada").status_code == 503
    assert auth.client.patch(ME, json={"current_password": PASSWORD}, headers=ada.bearer).status_code == 200


def test_those_who_wait_to_log_in_keep_no_thread_from_those_who_read(
    auth: LiveService, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There are more of them than threads, and the database lets none of them get on."""
    ada = somebody(auth)
    go_on, begin, waiting = threading.Event(), login_throttle.begin_attempt, []

    def stuck(tx: Connection, digest: bytes) -> None:
        waiting.append(digest)
        go_on.wait(WAIT_SECONDS)
        begin(tx, digest)

    monkeypatch.setattr(login_throttle, "begin_attempt", stuck)
    with ThreadPoolExecutor(15) as pool:
        logins = [pool.submit(guess, auth, "ada") for _ in range(15)]
        eventually(lambda: waiting)
        for _ in range(5):
            assert auth.client.get(f"/api/v1/users/{ada.id}").status_code == 200
        go_on.set()
        assert {each.result().status_code for each in logins} <= {401, 429, 503}
