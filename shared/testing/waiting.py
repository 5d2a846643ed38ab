"""The one way in which tests wait: for a condition, and never longer than they say."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def eventually(condition: Callable[[], T], within: float = 10.0) -> T:
    """Ask again until the answer is true and no assertion fails; then that answer. The last failure otherwise."""
    deadline = time.monotonic() + within
    while True:
        try:
            answer = condition()
            assert answer, "still not so"
        except AssertionError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)
        else:
            return answer
