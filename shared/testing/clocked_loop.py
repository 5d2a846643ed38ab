"""An event loop whose clock a test can move, so that tests need not wait for time limits."""

import asyncio
import socket

from shared.server.config import Server
from shared.testing.listeners import some_turns, stop_accepting


class ClockedLoop(asyncio.SelectorEventLoop):
    """Runs at the usual speed; `shift` moves its clock forward, and everything due by then runs at once.

    A test sets limits that are never reached otherwise (an hour), and shifts the clock past the one it tests.
    """

    def __init__(self) -> None:
        super().__init__()
        self._ahead = 0.0

    def time(self) -> float:
        """The time of timers of this loop, in seconds."""
        return super().time() + self._ahead

    def shift(self, seconds: float) -> None:
        """Move the clock. May be called from any thread."""
        self.call_soon_threadsafe(self._shift, seconds)

    def _shift(self, seconds: float) -> None:
        self._ahead += seconds


class ClockedServer(Server):
    """A server on such a loop that stops at once: uvicorn always pauses meanwhile, and thousands of tests stop one."""

    PAUSE_SECONDS = 0.1
    """uvicorn's pause between closing connections and waiting for those that are still open."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """As uvicorn does, with its pause over as soon as it begins."""
        loop = asyncio.get_running_loop()
        assert isinstance(loop, ClockedLoop)
        await stop_accepting(sockets or ())
        loop.shift(self.PAUSE_SECONDS)  # carried out after the call below has begun to pause
        await super().shutdown(sockets)
        await some_turns()  # in which connections close whose clients have left
