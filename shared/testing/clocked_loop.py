"""An event loop whose clock a test can move, so that no test waits for a time limit or races against one."""

import asyncio


class ClockedLoop(asyncio.SelectorEventLoop):
    """Runs at the usual speed; `shift` moves its clock forward, and whatever is due by then happens at once.

    A test gives limits that no machine reaches by itself (an hour) and shifts the clock past the one it is about.
    """

    def __init__(self) -> None:
        super().__init__()
        self._ahead = 0.0

    def time(self) -> float:
        """Seconds, as timers of this loop count them."""
        return super().time() + self._ahead

    def shift(self, seconds: float) -> None:
        """Move the clock. May be called from any thread."""
        self.call_soon_threadsafe(self._shift, seconds)

    def _shift(self, seconds: float) -> None:
        self._ahead += seconds
