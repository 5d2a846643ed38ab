"""How tests wait: for a condition, with one generous limit everywhere.

The limit only ends what would never come. A test that passes never depends on it, so it suits a slow machine.
"""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

WAIT_SECONDS = 300.0
"""For conditions, responses and processes alike."""
_POLL_SECONDS = 0.02


def eventually(condition: Callable[[], T]) -> T:
    """Call it until its result is true and no assertion fails; return that result, or raise the last failure."""
    deadline = time.monotonic() + WAIT_SECONDS
    while True:
        try:
            result = condition()
            assert result, "still not so"
        except AssertionError:
            if time.monotonic() > deadline:
                raise
            time.sleep(_POLL_SECONDS)  # noqa: TID251 - the one wait that all tests share
        else:
            return result
