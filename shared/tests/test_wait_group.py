"""A wait group: waiting ends when the last task ends, or after a timeout."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from shared.database.engine import WaitGroup
from shared.testing import eventually
from shared.testing.waiting import WAIT_SECONDS


def test_wait_returns_at_once_when_idle() -> None:
    assert WaitGroup().wait_for_none(0)


def test_wait_returns_when_the_last_task_ends() -> None:
    under_way = WaitGroup()
    with ThreadPoolExecutor(1) as another:
        with under_way:
            with under_way:
                waiting = another.submit(under_way.wait_for_none, 10)
                eventually(waiting.running)
            assert not under_way.wait_for_none(0) and not waiting.done()
        assert waiting.result(WAIT_SECONDS)


def test_wait_times_out() -> None:
    under_way = WaitGroup()
    with under_way:
        assert not under_way.wait_for_none(0.01)


def test_failed_task_counts_as_ended() -> None:
    under_way = WaitGroup()
    with suppress(ZeroDivisionError), under_way:
        raise ZeroDivisionError
    assert under_way.wait_for_none(0)
