"""Runs functions at the same time."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TypeVar

from shared.testing.waiting import WAIT_SECONDS

T = TypeVar("T")


def at_once(actions: Sequence[Callable[[], T]]) -> list[T]:
    """Run all of them at the same time, after each thread is ready. The results keep the order."""
    line = Barrier(len(actions), timeout=WAIT_SECONDS)

    def wait_and_do(action: Callable[[], T]) -> T:
        line.wait()
        return action()

    with ThreadPoolExecutor(len(actions)) as pool:
        return list(pool.map(wait_and_do, actions))
