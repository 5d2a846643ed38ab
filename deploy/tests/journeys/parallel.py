"""Lets several people do things at the same instant."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TypeVar

from shared.testing.waiting import WAIT_SECONDS

T = TypeVar("T")


def at_once(actions: Sequence[Callable[[], T]]) -> list[T]:
    """Do all of it together: nobody starts before everybody stands ready. The results keep the order."""
    line = Barrier(len(actions), timeout=WAIT_SECONDS)

    def wait_and_do(action: Callable[[], T]) -> T:
        line.wait()
        return action()

    with ThreadPoolExecutor(len(actions)) as pool:
        return list(pool.map(wait_and_do, actions))
