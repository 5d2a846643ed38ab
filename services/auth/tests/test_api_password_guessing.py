"""Password guessing over HTTP: strangers count by identifier, owners by session and by known network."""

import threading
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from sqlalchemy import Connection

from services.auth import models
from services.auth.actions import login_throttle
from services.auth.actions.login_throttle import FREE_ATTEMPTS, MAX_PENDING_ATTEMPTS, MAX_WAIT_MS
from services.auth.actions.networks import KNOWN_FOR_MS
from services.auth.passwords import VERIFIED, Passwords
from shared import clock, ids
from shared.database.engine import Database
from shared.security.access_tokens import LOGIN_LIMITED_HEADER
from shared.testing import LiveService, eventually
from shared.testing.waiting import WAIT_SECONDS

from .factories import PASSWORD, Time, bearer, create_user, log_in, rows, sign_up

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
    """Passwords verified against a hash in this process so far."""
    (family,) = VERIFIED.collect()
    return next(each.value for each in family.samples if each.name.endswith("_total"))


def test_failures_per_handle_do_not_reveal_which_handles_share_an_account(auth: LiveService, stopped: Time) -> None:
    """Whether two handles belong to one account, to two or to none, the responses are equal."""
    sign_up(auth, phone="010-1234-5678")
    for handle in (*HANDLES, "nobody", "nobody@example.org", "010-9999-9999"):
        assert [guess(auth, handle).status_code for _ in range(FREE_ATTEMPTS + 1)] == [401] * FREE_ATTEMPTS + [429]


def test_failures_in_a_session_are_counted_per_session(auth: LiveService, stopped: Time) -> None:
    ada = create_user(auth)
    other = bearer(log_in(auth))
    wrong, right = {"current_password": "wrong password"}, {"current_password": PASSWORD}
    for _ in range(FREE_ATTEMPTS - 1):
        assert auth.client.patch(ME, json=wrong, headers=ada.bearer).status_code == 403
    assert auth.client.post(DELETION, json=wrong, headers=ada.bearer).status_code == 403
    assert auth.client.patch(ME, json=right, headers=ada.bearer).status_code == 429
    assert auth.client.post(DELETION, json=right, headers=ada.bearer).status_code == 429
    assert auth.client.get(ME, headers=ada.bearer).status_code == 200, "who is in stays in"
    assert log_in(auth)
    assert auth.client.post(DELETION, json=right, headers=other).status_code == 202


@pytest.mark.parametrize("tries", [5, 25, 60])
def test_attackers_do_not_lock_out_the_owner(auth: LiveService, tries: int, stopped: Time) -> None:
    """From known networks the owner logs in; in a session the owner changes the password and withdraws."""
    ada = create_user(auth, phone="010-1234-5678")
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


def test_login_from_the_sign_up_address_is_allowed_during_an_attack(auth: LiveService, stopped: Time) -> None:
    sign_up(auth)
    for _ in range(FREE_ATTEMPTS + 1):
        guess(auth, "ada")
    assert guess(auth, "ada").status_code == 429
    assert log_in(auth)


def test_known_network_is_throttled_too(auth: LiveService, stopped: Time) -> None:
    sign_up(auth)
    assert [guess(auth, "ada", "127.0.0.1").status_code for _ in range(FREE_ATTEMPTS + 1)] == [401] * FREE_ATTEMPTS + [
        429
    ]
    assert guess(auth, "ada").status_code == 401, "and are none of the strangers'"


def test_over_the_limit_of_an_address_only_known_users_may_log_in(
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
    tries = [auth.client.post(LOGIN, json=wrong, headers=limited).status_code for _ in range(FREE_ATTEMPTS + 1)]
    assert tries == [401] * FREE_ATTEMPTS + [429], "what is known is limited as before"
    time.passes(KNOWN_FOR_MS + clock.DAY)
    assert auth.client.post(LOGIN, json=right, headers=limited).status_code == 429


def test_failures_without_an_account_are_counted_by_identifier(auth: LiveService, stopped: Time) -> None:
    account = ids.parse(sign_up(auth)["id"])
    for identifier in ("nobody", "nobody@example.org", "010-0000-0000", "?!", f"account {account}"):
        assert [guess(auth, identifier).status_code for _ in range(FREE_ATTEMPTS + 1)] == [401] * FREE_ATTEMPTS + [429]
    assert guess(auth, "ada").status_code == 401
    assert log_in(auth)


def test_of_a_thousand_guesses_from_fifty_addresses_at_most_thirty_are_verified(auth: LiveService, time: Time) -> None:
    """All within a minute: fifty at once, and the next fifty a little later."""
    sign_up(auth)
    before = hashed()
    with ThreadPoolExecutor(16) as pool:
        for _ in range(20):
            answers = list(pool.map(lambda address: guess(auth, "ada", address), ATTACKERS))
            assert {each.status_code for each in answers} <= {401, 429, 503}
            time.passes(3 * clock.SECOND)
    assert FREE_ATTEMPTS <= hashed() - before <= 30


def test_slow_attacker_gets_no_more_guesses(auth: LiveService, database: Database, time: Time) -> None:
    """One at a time, each as early as allowed; the audit log has an entry for each that was verified."""
    sign_up(auth)
    before = hashed()
    for _ in range(60):
        guess(auth, "ada")
        time.passes(clock.SECOND)
    told = [row.type for row in rows(database, models.trail)].count("login_failed")
    assert FREE_ATTEMPTS <= hashed() - before == told <= 30


def test_owner_can_log_in_after_15_minutes(auth: LiveService, stopped: Time) -> None:
    sign_up(auth)
    for _ in range(2):
        with ThreadPoolExecutor(16) as pool:
            list(pool.map(lambda address: guess(auth, "ada", address), ATTACKERS))
        stopped.passes(MAX_WAIT_MS)
    right = {"identifier": "ada", "password": PASSWORD}
    assert auth.client.post(LOGIN, json=right, headers={"x-forwarded-for": "203.0.113.200"}).status_code == 200
    assert [guess(auth, "ada").status_code for _ in range(FREE_ATTEMPTS + 1)] == [401] * FREE_ATTEMPTS + [429], (
        "and all begins anew"
    )


def test_concurrent_correct_logins_up_to_the_limit_succeed(auth: LiveService) -> None:
    sign_up(auth)
    with ThreadPoolExecutor(MAX_PENDING_ATTEMPTS) as pool:
        assert len(list(pool.map(lambda _: log_in(auth), range(2 * MAX_PENDING_ATTEMPTS)))) == 2 * MAX_PENDING_ATTEMPTS


def test_login_without_a_free_slot_is_refused_before_any_work(
    auth: LiveService, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = create_user(auth)
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


def test_login_burst_does_not_use_the_slots_of_logged_in_users(
    auth: LiveService, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = create_user(auth)
    monkeypatch.setattr(auth.app.state.dependencies.passwords, "_free_slots", {False: 0, True: 1})
    assert guess(auth, "ada").status_code == 503
    assert auth.client.patch(ME, json={"current_password": PASSWORD}, headers=ada.bearer).status_code == 200


def test_waiting_logins_do_not_block_reads(auth: LiveService, monkeypatch: pytest.MonkeyPatch) -> None:
    """There are more logins than threads, and the database blocks all of them."""
    ada = create_user(auth)
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
