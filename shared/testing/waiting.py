"""How tests wait: for a condition, with one generous limit everywhere.

The limit only ends a wait for a condition that never comes true. A test that passes never depends on it.
"""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

WAIT_SECONDS = 300.0
"""For conditions, responses and processes alike."""
_FIRST_POLL_SECONDS = 0.001
_LONGEST_POLL_SECONDS = 0.02


def eventually(condition: Callable[[], T]) -> T:
    """Call it until its result is true and no assertion fails. Returns that result, or raises the last failure."""
    deadline = time.monotonic() + WAIT_SECONDS
    pause = _FIRST_POLL_SECONDS
    while True:
        try:
            result = condition()
            assert result, "still not so"
        except AssertionError:
            if time.monotonic() > deadline:
                raise
            time.sleep(pause)  # noqa: TID251 - the one wait that all tests share
            pause = min(2 * pause, _LONGEST_POLL_SECONDS)
        else:
            return result
