"""Work that goes on beside the requests: small steps, again whenever woken and at least every so often."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, TypeVar, TypeVarTuple

import structlog
from anyio import CapacityLimiter, to_thread

from shared import errors, metrics

log = structlog.get_logger()
LONGEST_PAUSE = 5.0
T = TypeVar("T")
Arguments = TypeVarTuple("Arguments")

Step = Callable[[], Awaitable[bool]]
"""Does a little; says whether there may be more to do at once."""


class Worker:
    """Repeats one step. A step that fails is logged and tried again, ever more slowly."""

    def __init__(self, name: str, step: Step, *, every: float) -> None:
        self.name = name
        self._step = step
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
                more = await self._step()
                failures = 0
            except Exception as problem:
                more, failures = False, failures + 1
                self._tell(problem, failures)
            if failures:
                await asyncio.sleep(min(LONGEST_PAUSE, 0.1 * 2 ** min(failures, 10)))
            elif not more:
                await self._rest()

    def _tell(self, problem: Exception, failures: int) -> None:
        metrics.BACKGROUND_FAILURES.labels(self.name).inc()
        if isinstance(problem, errors.Unavailable):  # a part is away, which is no mistake of ours
            log.warning("background step put off", worker=self.name, failures=failures, reason=str(problem))
        else:
            log.error("background step failed", worker=self.name, failures=failures, exc_info=problem)

    async def _rest(self) -> None:
        try:
            async with asyncio.timeout(self._every):
                await self._woken.wait()
        except TimeoutError:
            pass


def in_thread(step: Callable[..., bool], *args: Any) -> Step:
    """Make a step out of a blocking function; it gets a thread of its own, so it never starves requests."""
    thread = CapacityLimiter(1)

    async def run() -> bool:
        return await to_end(step, *args, limiter=thread)

    return run


async def to_end(function: Callable[[*Arguments], T], *args: *Arguments, limiter: CapacityLimiter) -> T:
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
