"""The time limit of an exchange: applies to one block after the other, can be moved, or ended early with an error."""

import asyncio
from types import TracebackType


class TimeLimit:
    """As `asyncio.timeout`, but after `stop` the block raises an error of the given type instead of TimeoutError.

    It keeps the type, not an error: one that is kept after it was raised refers to its frames, and through them to
    itself, so that everything in these frames would stay until the garbage collector runs.
    """

    __slots__ = ("_seconds", "_stop_reason", "_timeout")

    def __init__(self) -> None:
        self._seconds: float | None = None
        self._timeout: asyncio.Timeout | None = None
        self._stop_reason: type[Exception] | None = None

    def within(self, seconds: float | None) -> "TimeLimit":
        """Limit the next block to this number of seconds; None: no limit."""
        self._seconds = seconds
        return self

    async def __aenter__(self) -> None:
        if self._stop_reason is not None:
            raise self._stop_reason()
        self._timeout = asyncio.timeout(self._seconds)
        await self._timeout.__aenter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        timeout, self._timeout = self._timeout, None
        if timeout is None:
            return
        try:
            await timeout.__aexit__(kind, error, traceback)
        except TimeoutError:
            if self._stop_reason is not None:
                raise self._stop_reason() from None
            raise

    def move(self, seconds: float | None) -> None:
        """Move the end of the current block to this number of seconds from now; None: no limit."""
        timeout = self._timeout
        if timeout is not None and self._stop_reason is None and not timeout.expired():
            timeout.reschedule(None if seconds is None else asyncio.get_running_loop().time() + seconds)

    def stop(self, reason: type[Exception]) -> None:
        """End the current block, or the next one, with an error of this type."""
        if self._stop_reason is None:
            self._stop_reason = reason
            if self._timeout is not None and not self._timeout.expired():
                self._timeout.reschedule(asyncio.get_running_loop().time())
