"""Counting what is under way, so that work that has time begins when nothing is."""

import threading


class InFlight:
    """A context for each thing that is under way."""

    def __init__(self) -> None:
        self._number = 0
        self._ended = threading.Condition()

    def __enter__(self) -> None:
        with self._ended:
            self._number += 1

    def __exit__(self, *_: object) -> None:
        with self._ended:
            self._number -= 1
            if not self._number:
                self._ended.notify_all()

    def wait_for_none(self, seconds: float) -> bool:
        """Return when nothing is under way, or after so long; whether nothing was."""
        with self._ended:
            return self._ended.wait_for(lambda: not self._number, seconds)
