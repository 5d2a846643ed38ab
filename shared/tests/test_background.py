"""Periodic workers: wake-ups, intervals, failures and shutdown."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

import pytest
from anyio import CapacityLimiter, to_thread
from structlog.testing import capture_logs

from shared import metrics
from shared.background import MAX_PAUSE_SECONDS, PeriodicWorker, run_sync_shielded, threaded_step
from shared.errors import Unavailable
from shared.testing import eventually
from shared.testing.waiting import WAIT_SECONDS


def run(scenario: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(scenario, WAIT_SECONDS))


async def soon(condition: Callable[[], object]) -> None:
    await to_thread.run_sync(eventually, condition)


class Steps:
    """Counts its steps; each returns or raises what the test wants."""

    def __init__(self, *outcomes: bool | Exception) -> None:
        self.taken = 0
        self._outcomes = outcomes

    async def step(self) -> bool:
        self.taken += 1
        outcome = self._outcomes[self.taken - 1] if self.taken <= len(self._outcomes) else False
        if isinstance(outcome, Exception):
            raise outcome
        return outcome


def test_step_is_repeated_while_there_is_more_and_then_pauses() -> None:
    steps = Steps(True, True, True, False)

    async def scenario() -> None:
        worker = PeriodicWorker("test", steps.step, every=3600)
        worker.start()
        await soon(lambda: steps.taken == 4)
        await worker.stop()
        assert steps.taken == 4

    run(scenario())


def test_step_is_repeated_after_its_interval() -> None:
    steps = Steps()

    async def scenario() -> None:
        worker = PeriodicWorker("test", steps.step, every=0.001)
        worker.start()
        await soon(lambda: steps.taken >= 3)
        await worker.stop()

    run(scenario())


def test_any_thread_can_wake_the_worker() -> None:
    steps = Steps()

    async def scenario() -> None:
        worker = PeriodicWorker("test", steps.step, every=3600)
        worker.start()
        for times in (1, 2, 3):
            await soon(lambda: steps.taken == times)  # noqa: B023 - it is awaited within the round
            await to_thread.run_sync(worker.wake)
        await soon(lambda: steps.taken == 4)
        await worker.stop()

    run(scenario())


def test_wake_up_during_a_step_is_not_missed() -> None:
    steps: list[int] = []

    async def scenario() -> None:
        async def step() -> bool:
            steps.append(1)
            if len(steps) == 1:
                worker.wake()
            return False

        worker = PeriodicWorker("test", step, every=3600)
        worker.start()
        await soon(lambda: len(steps) == 2)
        await worker.stop()

    run(scenario())


def test_wake_up_before_start_and_after_stop_is_harmless() -> None:
    steps = Steps()
    worker = PeriodicWorker("test", steps.step, every=3600)
    worker.wake()

    async def scenario() -> None:
        worker.start()
        await soon(lambda: steps.taken == 1)
        await worker.stop()

    run(scenario())
    worker.wake()
    run(PeriodicWorker("never started", steps.step, every=1).stop())


def test_failed_step_is_counted_and_retried(monkeypatch: pytest.MonkeyPatch) -> None:
    steps = Steps(RuntimeError("one"), RuntimeError("two"), False)
    pauses: list[float] = []
    rest = asyncio.sleep  # noqa: TID251 - replaced below, so that nothing sleeps

    async def note(seconds: float) -> None:
        pauses.append(seconds)
        await rest(0)

    monkeypatch.setattr(asyncio, "sleep", note)
    before = metrics.BACKGROUND_FAILURES.labels("failing")._value.get()

    async def scenario() -> None:
        worker = PeriodicWorker("failing", steps.step, every=3600)
        worker.start()
        await soon(lambda: steps.taken == 3)
        await worker.stop()

    run(scenario())
    assert metrics.BACKGROUND_FAILURES.labels("failing")._value.get() == before + 2
    assert pauses[0] < pauses[1] <= MAX_PAUSE_SECONDS


def test_outage_is_logged_in_one_line_and_a_bug_with_its_traceback() -> None:
    steps = Steps(Unavailable("neighbour_unavailable", "It is away."), RuntimeError("a mistake"), False)

    async def scenario() -> None:
        worker = PeriodicWorker("telling", steps.step, every=3600)
        worker.start()
        await soon(lambda: steps.taken == 3)
        await worker.stop()

    with capture_logs() as told:
        run(scenario())
    assert [(each["event"], "exc_info" in each) for each in told] == [
        ("background step put off", False),
        ("background step failed", True),
    ]


def test_pause_after_failures_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    steps = Steps(*[RuntimeError("again")] * 100)
    pauses: list[float] = []
    rest = asyncio.sleep  # noqa: TID251 - replaced below, so that nothing sleeps

    async def note(seconds: float) -> None:
        pauses.append(seconds)
        await rest(0)

    monkeypatch.setattr(asyncio, "sleep", note)

    async def scenario() -> None:
        worker = PeriodicWorker("failing", steps.step, every=3600)
        worker.start()
        await soon(lambda: steps.taken == 101)
        await worker.stop()

    run(scenario())
    assert max(pauses) == MAX_PAUSE_SECONDS


@pytest.mark.parametrize("outcome", [False, ValueError("cut off")], ids=["returns", "fails"])
def test_stop_works_when_the_step_swallows_the_cancellation(outcome: bool | Exception) -> None:
    began = asyncio.Event()

    async def step() -> bool:
        began.set()
        with suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    async def scenario() -> None:
        worker = PeriodicWorker("test", step, every=3600)
        worker.start()
        await began.wait()
        await worker.stop()

    run(scenario())


def test_stop_waits_for_the_running_thread() -> None:
    begun, go_on, ended = threading.Event(), threading.Event(), threading.Event()

    def step() -> bool:
        begun.set()
        go_on.wait(WAIT_SECONDS)
        ended.set()
        return False

    async def scenario() -> None:
        worker = PeriodicWorker("test", threaded_step(step), every=3600)
        worker.start()
        await to_thread.run_sync(begun.wait, WAIT_SECONDS)
        stopping = asyncio.create_task(worker.stop())
        await asyncio.wait([stopping], timeout=0.05)
        assert not stopping.done()
        go_on.set()
        await stopping
        assert ended.is_set()

    run(scenario())


def test_blocking_steps_do_not_use_the_request_threads() -> None:
    go_on, begun = threading.Event(), threading.Event()

    def step() -> bool:
        begun.set()
        return go_on.wait(WAIT_SECONDS)

    async def scenario() -> None:
        limiter = to_thread.current_default_thread_limiter()
        worker = PeriodicWorker("test", threaded_step(step), every=3600)
        worker.start()
        await to_thread.run_sync(begun.wait, WAIT_SECONDS)
        assert limiter.borrowed_tokens == 0
        go_on.set()
        await worker.stop()

    run(scenario())


def test_thread_returns_the_result_or_the_error() -> None:
    async def scenario() -> None:
        assert await run_sync_shielded(lambda one, other: one + other, 1, 2, limiter=CapacityLimiter(1)) == 3
        with pytest.raises(ZeroDivisionError):
            await run_sync_shielded(lambda: 1 // 0, limiter=CapacityLimiter(1))

    run(scenario())


def test_failure_of_a_thread_awaited_at_shutdown_is_handled() -> None:
    begun, go_on = threading.Event(), threading.Event()

    def fail() -> None:
        begun.set()
        go_on.wait(WAIT_SECONDS)
        raise RuntimeError("too late")

    async def scenario() -> None:
        task = asyncio.create_task(run_sync_shielded(fail, limiter=CapacityLimiter(1)))
        await to_thread.run_sync(begun.wait, WAIT_SECONDS)
        task.cancel()
        await asyncio.wait([task], timeout=0.05)
        go_on.set()
        with pytest.raises(asyncio.CancelledError):
            await task

    run(scenario())
