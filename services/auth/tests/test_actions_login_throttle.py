"""Wrong passwords make the next try wait, ever longer, and are forgotten in time."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import Row

from services.auth import models
from services.auth.actions import login_throttle
from services.auth.actions.login_throttle import ABANDONED_AFTER, AT_ONCE, FORGOTTEN_AFTER, FREE, LONGEST, throttle_key
from shared import clock
from shared.database.engine import Database
from shared.errors import TooManyRequests

from .factories import KEY, Time, rows

ADA = throttle_key(KEY, "ada")


def begin(database: Database, digest: bytes = ADA) -> int:
    """Whole seconds that a try is told to wait; 0 where it may go on."""
    try:
        database.write(login_throttle.begin_attempt, digest)
    except TooManyRequests as refusal:
        return refusal.retry_after or 0
    return 0


def fail(database: Database, time: Time, times: int = 1) -> None:
    """So many wrong passwords, each as soon as may be."""
    for _ in range(times):
        if wait := begin(database):
            time.passes(wait * clock.SECOND)
            assert begin(database) == 0
        database.write(login_throttle.record_failure, ADA)


def kept(database: Database) -> Row[Any]:
    (row,) = rows(database, models.failures)
    return row


def test_the_first_failures_cost_nothing(database: Database, time: Time) -> None:
    fail(database, time, FREE - 1)
    assert begin(database) == 0


@pytest.mark.parametrize(("times", "seconds"), [(5, 1), (6, 2), (7, 4), (10, 32), (14, 512), (15, 900), (40, 900)])
def test_after_the_fifth_each_failure_doubles_the_wait_up_to_a_quarter_of_an_hour(
    database: Database, time: Time, times: int, seconds: int
) -> None:
    fail(database, time, times)
    before = clock.now()
    assert begin(database) in (seconds, seconds + 1)
    assert abs(kept(database).blocked_until - before - seconds * clock.SECOND) < 500


def test_who_knows_the_password_is_in_again_a_quarter_of_an_hour_after_any_attack(
    database: Database, time: Time
) -> None:
    fail(database, time, 40)
    time.passes(LONGEST - clock.SECOND)
    assert begin(database) > 0
    time.passes(clock.SECOND)
    assert begin(database) == 0
    database.write(login_throttle.record_success, ADA)
    assert begin(database) == 0


def test_tries_that_are_told_to_wait_make_the_wait_no_longer(database: Database, time: Time) -> None:
    fail(database, time, 10)
    before = kept(database)
    for _ in range(5):
        assert begin(database) > 0
    assert kept(database) == before


def test_the_right_password_forgets_them(database: Database, time: Time) -> None:
    fail(database, time, 10)
    database.write(login_throttle.record_success, ADA)
    fail(database, time)
    assert begin(database) == 0


def test_one_persons_failures_are_not_anothers(database: Database, time: Time) -> None:
    fail(database, time, 10)
    assert begin(database, throttle_key(KEY, "bob")) == 0


def test_of_many_at_the_same_instant_no_more_are_let_through_than_may(database: Database) -> None:
    with ThreadPoolExecutor(8) as pool:
        waits = list(pool.map(lambda _: begin(database), range(2 * AT_ONCE)))
    assert waits.count(0) == AT_ONCE
    assert kept(database).pending == AT_ONCE


def test_of_many_failures_at_once_each_counts(database: Database) -> None:
    for _ in range(AT_ONCE):
        begin(database)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: database.write(login_throttle.record_failure, ADA), range(AT_ONCE)))
    assert (kept(database).tries, kept(database).pending) == (AT_ONCE, 0)
    assert begin(database) > LONGEST // clock.SECOND - 5


def test_after_the_free_ones_one_try_at_a_time_is_let_through(database: Database, time: Time) -> None:
    fail(database, time, FREE)
    time.passes(clock.SECOND)
    assert [begin(database) for _ in range(3)] == [0, 1, 1]


def test_a_try_whose_process_has_ended_stands_in_the_way_for_a_minute_only(database: Database, time: Time) -> None:
    fail(database, time, FREE)
    time.passes(clock.SECOND)
    assert begin(database) == 0
    time.passes(ABANDONED_AFTER + 1)
    assert begin(database) == 0


def test_many_who_know_the_password_may_come_at_once(database: Database) -> None:
    for _ in range(3):
        assert [begin(database) for _ in range(AT_ONCE)] == [0] * AT_ONCE
        for _ in range(AT_ONCE):
            database.write(login_throttle.record_success, ADA)
    assert (kept(database).tries, kept(database).pending) == (0, 0)


def test_after_a_day_counting_begins_anew(database: Database, time: Time) -> None:
    fail(database, time, 20)
    time.passes(FORGOTTEN_AFTER + 1)
    fail(database, time)
    assert begin(database) == 0
    assert kept(database).tries == 1


def test_old_failures_are_deleted_a_batch_at_a_time(database: Database, time: Time) -> None:
    for name in "abc":
        begin(database, throttle_key(KEY, name))
    time.passes(FORGOTTEN_AFTER + 1)
    begin(database)
    assert database.write(login_throttle.forget_old, 2)
    assert not database.write(login_throttle.forget_old, 2)
    assert [row.digest for row in rows(database, models.failures)] == [ADA]


def test_without_the_key_nobody_can_tell_what_was_tried() -> None:
    assert throttle_key(KEY, "+821012345678") != throttle_key(b"another key", "+821012345678")
    assert throttle_key(KEY, "\ud800") == throttle_key(KEY, "?"), "whatever is tried can be counted"
