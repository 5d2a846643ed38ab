"""Background work in small steps: when woken, when work is due, and periodically."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, TypeVar, TypeVarTuple

import structlog
from anyio import CapacityLimiter, to_thread

from shared import clock, errors, metrics

log = structlog.get_logger()
MAX_PAUSE_SECONDS = 5.0
MIN_PAUSE_SECONDS = 1.0
"""Before the next check for work that is due but locked by another process."""
SWEEP_SECONDS = 60.0
"""Between two checks for work without a wake-up: the process that added it was killed before it could send one."""
JITTER = 0.2
"""Random fraction of the interval, so that many workers do not run at the same moment."""
T = TypeVar("T")
Arguments = TypeVarTuple("Arguments")

Step = Callable[[], Awaitable[bool]]
"""Does one small step; returns whether there may be more to do at once."""
Due = Callable[[], Awaitable[int | None]]
"""The earliest time (ms since 1970) at which there is more to do; None if it is not known."""


class PeriodicWorker:
    """Repeats a step until nothing is left to do, then sleeps until there is more.

    It runs again when it is woken, at the time that `due` returns, and after at most `every` seconds. Transactions that
    notify of the table `queue` wake it (shared.database.queues). A step that fails is logged and retried with backoff.
    """

    def __init__(
        self,
        name: str,
        step: Step,
        *,
        every: float = SWEEP_SECONDS,
        queue: str | None = None,
        due: Due | None = None,
    ) -> None:
        self.name = name
        self.queue = queue
        self._step = step
        self._due = due
        self._every = every
        self._woken = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None
        self._stopping = False

    def start(self) -> None:
        """Start in the running event loop."""
        self._stopping = False
        self._loop = asyncio.get_running_loop()
        self._task = asyncio.create_task(self._run(), name=self.name)

    def wake(self) -> None:
        """Run the step soon. May be called from any thread."""
        if self._loop is not None:
            with suppress(RuntimeError):  # the loop has just closed: the work waits for the next start
                self._loop.call_soon_threadsafe(self._woken.set)

    async def stop(self) -> None:
        """Stop after the running step."""
        # A step may lose the cancellation, as HTTP clients do when a connection opens at that very moment.
        self._stopping = True
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        failures = 0
        while not self._stopping:
            self._woken.clear()
            try:
                pause = 0 if await self._step() else await self._pause()
                failures = 0
            except Exception as problem:
                failures += 1
                self._log_failure(problem, failures)
                if not self._stopping:
                    await asyncio.sleep(min(MAX_PAUSE_SECONDS, 0.1 * 2 ** min(failures, 10)))
                continue
            if pause and not self._stopping:
                await self._rest(pause)

    async def _pause(self) -> float:
        return pause_before(None if self._due is None else await self._due(), self._every)

    def _log_failure(self, problem: Exception, failures: int) -> None:
        metrics.BACKGROUND_FAILURES.labels(self.name).inc()
        if isinstance(problem, errors.Unavailable):  # a dependency is down, which is no bug
            log.warning("background step put off", worker=self.name, failures=failures, reason=str(problem))
        else:
            log.error("background step failed", worker=self.name, failures=failures, exc_info=problem)

    async def _rest(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._woken.wait()


def pause_before(due: int | None, every: float) -> float:
    """Seconds until the next step: when work is due, and at most `every` seconds, minus jitter."""
    longest = every * random.uniform(1 - JITTER, 1)  # noqa: S311 - jitter, not a secret
    if due is None:
        return longest
    wait = (due - clock.now()) / clock.SECOND
    return min(longest, wait if wait > 0 else MIN_PAUSE_SECONDS)


def threaded_step(function: Callable[..., T], *args: Any) -> Callable[[], Awaitable[T]]:
    """Make a step of a blocking function. It has its own thread, so that it never takes one from requests."""
    thread = CapacityLimiter(1)

    async def run() -> T:
        return await run_sync_shielded(function, *args, limiter=thread)

    return run


async def run_sync_shielded(function: Callable[[*Arguments], T], *args: *Arguments, limiter: CapacityLimiter) -> T:
    """Run a blocking function in a thread, and wait for its end even when cancelled."""
    # A thread cannot be cancelled: it would continue with connections that are being closed.
    running = asyncio.ensure_future(to_thread.run_sync(function, *args, limiter=limiter))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        await asyncio.wait([running])
        if not running.cancelled() and (problem := running.exception()) is not None:
            log.warning("step failed while stopping", reason=repr(problem))
        raise
