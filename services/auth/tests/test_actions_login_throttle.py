"""Login throttling: wrong passwords cause growing waits, and are forgotten after a day."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import Row

from services.auth import models
from services.auth.actions import login_throttle
from services.auth.actions.login_throttle import (
    ABANDONED_AFTER_MS,
    FREE_ATTEMPTS,
    MAX_PENDING_ATTEMPTS,
    MAX_WAIT_MS,
    RESET_AFTER_MS,
    throttle_key,
)
from shared import clock
from shared.database.engine import Database
from shared.errors import TooManyRequests

from .factories import KEY, Time, rows

ADA = throttle_key(KEY, "ada")


def begin(database: Database, digest: bytes = ADA) -> int:
    """The seconds that an attempt is told to wait; 0 if it may proceed."""
    try:
        database.write(login_throttle.begin_attempt, digest)
    except TooManyRequests as refusal:
        return refusal.retry_after or 0
    return 0


def fail(database: Database, time: Time, times: int = 1) -> None:
    """This number of wrong passwords, each as early as allowed."""
    for _ in range(times):
        if wait := begin(database):
            time.passes(wait * clock.SECOND)
            assert begin(database) == 0
        database.write(login_throttle.record_failure, ADA)


def kept(database: Database) -> Row[Any]:
    (row,) = rows(database, models.failures)
    return row


def test_first_failures_cause_no_wait(database: Database, time: Time) -> None:
    fail(database, time, FREE_ATTEMPTS - 1)
    assert begin(database) == 0


@pytest.mark.parametrize(("times", "seconds"), [(5, 1), (6, 2), (7, 4), (10, 32), (14, 512), (15, 900), (40, 900)])
def test_each_failure_after_the_fifth_doubles_the_wait_up_to_15_minutes(
    database: Database, time: Time, times: int, seconds: int
) -> None:
    fail(database, time, times)
    before = clock.now()
    assert begin(database) in (seconds, seconds + 1)
    assert abs(kept(database).blocked_until - before - seconds * clock.SECOND) < 500


def test_owner_can_log_in_15_minutes_after_any_attack(database: Database, time: Time) -> None:
    fail(database, time, 40)
    time.passes(MAX_WAIT_MS - clock.SECOND)
    assert begin(database) > 0
    time.passes(clock.SECOND)
    assert begin(database) == 0
    database.write(login_throttle.record_success, ADA)
    assert begin(database) == 0


def test_throttled_attempts_do_not_extend_the_wait(database: Database, time: Time) -> None:
    fail(database, time, 10)
    before = kept(database)
    for _ in range(5):
        assert begin(database) > 0
    assert kept(database) == before


def test_correct_password_resets_the_failures(database: Database, time: Time) -> None:
    fail(database, time, 10)
    database.write(login_throttle.record_success, ADA)
    fail(database, time)
    assert begin(database) == 0


def test_failures_are_counted_per_account(database: Database, time: Time) -> None:
    fail(database, time, 10)
    assert begin(database, throttle_key(KEY, "bob")) == 0


def test_concurrent_attempts_do_not_exceed_the_limit(database: Database) -> None:
    with ThreadPoolExecutor(8) as pool:
        waits = list(pool.map(lambda _: begin(database), range(2 * MAX_PENDING_ATTEMPTS)))
    assert waits.count(0) == MAX_PENDING_ATTEMPTS
    assert kept(database).pending == MAX_PENDING_ATTEMPTS


def test_each_concurrent_failure_is_counted(database: Database) -> None:
    for _ in range(MAX_PENDING_ATTEMPTS):
        begin(database)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: database.write(login_throttle.record_failure, ADA), range(MAX_PENDING_ATTEMPTS)))
    assert (kept(database).tries, kept(database).pending) == (MAX_PENDING_ATTEMPTS, 0)
    assert begin(database) > MAX_WAIT_MS // clock.SECOND - 5


def test_one_attempt_at_a_time_is_admitted_after_the_free_ones(database: Database, time: Time) -> None:
    fail(database, time, FREE_ATTEMPTS)
    time.passes(clock.SECOND)
    assert [begin(database) for _ in range(3)] == [0, 1, 1]


def test_abandoned_attempt_blocks_for_one_minute_only(database: Database, time: Time) -> None:
    fail(database, time, FREE_ATTEMPTS)
    time.passes(clock.SECOND)
    assert begin(database) == 0
    time.passes(ABANDONED_AFTER_MS + 1)
    assert begin(database) == 0


def test_concurrent_correct_passwords_are_admitted(database: Database) -> None:
    for _ in range(3):
        assert [begin(database) for _ in range(MAX_PENDING_ATTEMPTS)] == [0] * MAX_PENDING_ATTEMPTS
        for _ in range(MAX_PENDING_ATTEMPTS):
            database.write(login_throttle.record_success, ADA)
    assert (kept(database).tries, kept(database).pending) == (0, 0)


def test_failures_are_reset_after_a_day(database: Database, time: Time) -> None:
    fail(database, time, 20)
    time.passes(RESET_AFTER_MS + 1)
    fail(database, time)
    assert begin(database) == 0
    assert kept(database).tries == 1


def test_old_failures_are_deleted_in_batches(database: Database, time: Time) -> None:
    for name in "abc":
        begin(database, throttle_key(KEY, name))
    time.passes(RESET_AFTER_MS + 1)
    begin(database)
    assert database.write(login_throttle.delete_expired, 2)
    assert not database.write(login_throttle.delete_expired, 2)
    assert [row.digest for row in rows(database, models.failures)] == [ADA]


def test_stored_identifiers_are_keyed_hashes() -> None:
    assert throttle_key(KEY, "+821012345678") != throttle_key(b"another key", "+821012345678")
    assert throttle_key(KEY, "\ud800") == throttle_key(KEY, "?"), "whatever is tried can be counted"
