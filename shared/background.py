"""Work beside the requests, in small steps: when woken, when work is due, and at least every so often."""

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
"""Seconds until the next look at work that is due but that another process holds at the moment."""
SWEEP_SECONDS = 60.0
"""Seconds between two looks for work of which nobody woke the worker: another process made it and was killed."""
JITTER = 0.2
"""Part of the time between two looks that is left to chance, so that many workers do not look at the same moment."""
T = TypeVar("T")
Arguments = TypeVarTuple("Arguments")

Step = Callable[[], Awaitable[bool]]
"""Does a little; says whether there may be more to do at once."""
Due = Callable[[], Awaitable[int | None]]
"""The earliest time (ms since 1970) at which there is more to do; None where no such time is known."""


class PeriodicWorker:
    """Repeats one step until nothing is left to do, then sleeps until there is more.

    That is when it is woken, at the time that `due` gives, and after at most `every` seconds. Where a table named
    `queue` holds its work, commits that notify of that table wake it (shared.database.queues). A step that fails is
    logged and tried again, ever more slowly.
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

    def start(self) -> None:
        """Begin, in the running loop."""
        self._loop = asyncio.get_running_loop()
        self._task = asyncio.create_task(self._run(), name=self.name)

    def wake(self) -> None:
        """There is something to do now. May be called from any thread."""
        if self._loop is not None:
            with suppress(RuntimeError):  # the loop has just closed: what there is to do waits for the next start
                self._loop.call_soon_threadsafe(self._woken.set)

    async def stop(self) -> None:
        """End after the step that is running."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        failures = 0
        while True:
            self._woken.clear()
            try:
                pause = 0 if await self._step() else await self._pause()
                failures = 0
            except Exception as problem:
                failures += 1
                self._tell(problem, failures)
                await asyncio.sleep(min(MAX_PAUSE_SECONDS, 0.1 * 2 ** min(failures, 10)))
                continue
            if pause:
                await self._rest(pause)

    async def _pause(self) -> float:
        return pause_before(None if self._due is None else await self._due(), self._every)

    def _tell(self, problem: Exception, failures: int) -> None:
        metrics.BACKGROUND_FAILURES.labels(self.name).inc()
        if isinstance(problem, errors.Unavailable):  # a part is away, which is no mistake of ours
            log.warning("background step put off", worker=self.name, failures=failures, reason=str(problem))
        else:
            log.error("background step failed", worker=self.name, failures=failures, exc_info=problem)

    async def _rest(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._woken.wait()


def pause_before(due: int | None, every: float) -> float:
    """Seconds until a worker looks again: when work is due, and after at most `every` seconds, less some jitter."""
    longest = every * random.uniform(1 - JITTER, 1)  # noqa: S311 - jitter, not a secret
    if due is None:
        return longest
    wait = (due - clock.now()) / clock.SECOND
    return min(longest, wait if wait > 0 else MIN_PAUSE_SECONDS)


def threaded_step(function: Callable[..., T], *args: Any) -> Callable[[], Awaitable[T]]:
    """Make a step out of a blocking function; it gets a thread of its own, so it never starves requests."""
    thread = CapacityLimiter(1)

    async def run() -> T:
        return await run_sync_shielded(function, *args, limiter=thread)

    return run


async def run_sync_shielded(function: Callable[[*Arguments], T], *args: *Arguments, limiter: CapacityLimiter) -> T:
    """Run a blocking function in a thread, and wait for its end also when cancelled.

    A thread cannot be stopped: without this it would go on with connections that are being closed.
    """
    running = asyncio.ensure_future(to_thread.run_sync(function, *args, limiter=limiter))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        await asyncio.wait([running])
        if not running.cancelled() and (problem := running.exception()) is not None:
            log.warning("ended with a failure while stopping", reason=repr(problem))
        raise
