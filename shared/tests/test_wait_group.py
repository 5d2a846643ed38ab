"""Whoever waits for nothing to be under way goes on with the last that ends, or gives up."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from shared.database.engine import WaitGroup
from shared.testing import eventually
from shared.testing.waiting import WAIT_SECONDS


def test_when_nothing_is_under_way_nobody_waits() -> None:
    assert WaitGroup().wait_for_none(0)


def test_one_goes_on_when_the_last_has_ended() -> None:
    under_way = WaitGroup()
    with ThreadPoolExecutor(1) as another:
        with under_way:
            with under_way:
                waiting = another.submit(under_way.wait_for_none, 10)
                eventually(waiting.running)
            assert not under_way.wait_for_none(0) and not waiting.done()
        assert waiting.result(WAIT_SECONDS)


def test_one_gives_up_when_it_takes_too_long() -> None:
    under_way = WaitGroup()
    with under_way:
        assert not under_way.wait_for_none(0.01)


def test_what_fails_has_ended() -> None:
    under_way = WaitGroup()
    with suppress(ZeroDivisionError), under_way:
        raise ZeroDivisionError
    assert under_way.wait_for_none(0)
