"""Wrong passwords make the next try wait, ever longer, and are forgotten in time."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from services.auth import models, queries
from services.auth.actions import failures
from services.auth.actions.failures import FORGOTTEN_AFTER, FREE, mark
from shared import clock
from shared.database import Database

from .world import KEY, Time, rows

ADA = mark(KEY, "ada")


def fail(database: Database, times: int = 1) -> None:
    for _ in range(times):
        database.write(failures.note_failure, ADA)


def waiting(database: Database) -> int:
    """Whole seconds that the next try must wait."""
    until = database.read(queries.refusing_until, ADA)
    return -(-max((until or 0) - clock.now(), 0) // clock.SECOND)


def test_the_first_failures_cost_nothing(database: Database) -> None:
    fail(database, FREE - 1)
    assert waiting(database) == 0


@pytest.mark.parametrize(("times", "seconds"), [(5, 1), (6, 2), (7, 4), (10, 32), (14, 512), (15, 900), (40, 900)])
def test_after_the_fifth_each_failure_doubles_the_wait_up_to_a_quarter_of_an_hour(
    database: Database, times: int, seconds: int
) -> None:
    fail(database, times)
    assert waiting(database) == seconds


def test_the_wait_goes_by(database: Database, time: Time) -> None:
    fail(database, 5)
    time.passes(clock.SECOND)
    assert waiting(database) == 0


def test_the_right_password_forgets_them(database: Database) -> None:
    fail(database, 10)
    database.write(failures.forget_failures, ADA)
    assert database.read(queries.refusing_until, ADA) is None
    fail(database)
    assert waiting(database) == 0


def test_one_persons_failures_are_not_anothers(database: Database) -> None:
    fail(database, 10)
    assert database.read(queries.refusing_until, mark(KEY, "bob")) is None


def test_of_many_guesses_at_once_each_counts(database: Database) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: fail(database), range(24)))
    assert rows(database, models.failures)[0].tries == 24


def test_after_a_day_counting_begins_anew(database: Database, time: Time) -> None:
    fail(database, 20)
    time.passes(FORGOTTEN_AFTER + 1)
    fail(database)
    assert waiting(database) == 0
    assert rows(database, models.failures)[0].tries == 1


def test_old_failures_are_deleted_a_batch_at_a_time(database: Database, time: Time) -> None:
    for name in "abc":
        database.write(failures.note_failure, mark(KEY, name))
    time.passes(FORGOTTEN_AFTER + 1)
    fail(database)
    assert database.write(failures.forget_old, 2)
    assert not database.write(failures.forget_old, 2)
    assert [row.digest for row in rows(database, models.failures)] == [ADA]


def test_without_the_key_nobody_can_tell_what_was_tried() -> None:
    assert mark(KEY, "+821012345678") != mark(b"another key", "+821012345678")
    assert mark(KEY, "\ud800") == mark(KEY, "?"), "whatever is tried can be counted"
