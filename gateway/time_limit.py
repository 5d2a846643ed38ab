"""The time limit of an exchange: for one block after the other, and it can be moved, or ended early with a reason."""

import asyncio
from types import TracebackType


class TimeLimit:
    """As `asyncio.timeout`, but when `stop` was called the block raises the reason instead of TimeoutError."""

    __slots__ = ("_seconds", "_stop_reason", "_timeout")

    def __init__(self) -> None:
        self._seconds: float | None = None
        self._timeout: asyncio.Timeout | None = None
        self._stop_reason: Exception | None = None

    def within(self, seconds: float | None) -> "TimeLimit":
        """For the next block: so many seconds, or no end."""
        self._seconds = seconds
        return self

    async def __aenter__(self) -> None:
        if self._stop_reason is not None:
            raise self._stop_reason
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
                raise self._stop_reason from None
            raise

    def move(self, seconds: float | None) -> None:
        """Let the present block end so many seconds from now, or never."""
        timeout = self._timeout
        if timeout is not None and self._stop_reason is None and not timeout.expired():
            timeout.reschedule(None if seconds is None else asyncio.get_running_loop().time() + seconds)

    def stop(self, reason: Exception) -> None:
        """End the present block, or the next one, with this."""
        if self._stop_reason is None:
            self._stop_reason = reason
            if self._timeout is not None and not self._timeout.expired():
                self._timeout.reschedule(asyncio.get_running_loop().time())
