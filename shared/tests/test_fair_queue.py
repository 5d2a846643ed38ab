"""The fair queue of uploads: bounded, round-robin between owners, and cancellable."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from shared.errors import Unavailable
from shared.images.fair_queue import FairQueue
from shared.testing.waiting import WAIT_SECONDS

ADA, BOB, EVE = 1, 2, 3
PATIENCE = 1_000.0


class Jobs:
    """Jobs that run until they are told to end; records the order in which they started."""

    def __init__(self, queue: FairQueue) -> None:
        self.queue = queue
        self.started: list[str] = []
        self.ends: dict[str, asyncio.Event] = {}
        self.tasks: dict[str, asyncio.Task[None]] = {}

    async def add(self, owner: int, name: str) -> None:
        self.ends[name] = asyncio.Event()
        self.tasks[name] = asyncio.create_task(self._run(owner, name))
        await settled()

    async def end(self, name: str) -> None:
        self.ends[name].set()
        await self.tasks[name]
        await settled()

    async def refusal(self, name: str) -> Unavailable:
        with pytest.raises(Unavailable) as refusal:
            await self.tasks[name]
        assert refusal.value.code == "media_unavailable"
        return refusal.value

    async def _run(self, owner: int, name: str) -> None:
        async with self.queue.slot(owner):
            self.started.append(name)
            await self.ends[name].wait()


async def settled() -> None:
    """Run the loop until every task waits."""
    loop = asyncio.get_running_loop()
    for _ in range(10):
        turn = loop.create_future()
        loop.call_soon(turn.set_result, None)
        await turn


def scenario(slots: int = 1, waiting: int = 10, patience: float = PATIENCE) -> Callable[..., None]:
    """Runs the test, a coroutine function, with jobs on such a queue."""

    def decorated(test: Callable[[Jobs], Awaitable[Any]]) -> None:
        async def run() -> None:
            jobs = Jobs(FairQueue(slots, waiting, patience))
            await test(jobs)
            for task in jobs.tasks.values():
                task.cancel()
            await asyncio.gather(*jobs.tasks.values(), return_exceptions=True)
            assert jobs.queue.waiting() == 0
            async with jobs.queue.slot(99):
                pass

        asyncio.run(asyncio.wait_for(run(), WAIT_SECONDS))

    return decorated


def test_owner_has_one_slot_and_other_owners_come_first() -> None:
    @scenario(slots=2)
    async def _(jobs: Jobs) -> None:
        for name in ("a1", "a2", "a3"):
            await jobs.add(ADA, name)
        await jobs.add(BOB, "b1")
        await jobs.add(EVE, "e1")
        assert jobs.started == ["a1", "b1"]
        await jobs.end("a1")
        assert jobs.started == ["a1", "b1", "a2"], "her turn came first, for she has waited longest"
        await jobs.end("b1")
        assert jobs.started[3:] == ["e1"]


def test_owners_take_turns() -> None:
    @scenario(slots=1)
    async def _(jobs: Jobs) -> None:
        for number in range(4):
            await jobs.add(ADA, f"a{number}")
        await jobs.add(BOB, "b0")
        await jobs.add(BOB, "b1")
        for name in ("a0", "a1", "b0", "a2", "b1", "a3"):
            await jobs.end(name)
        assert jobs.started == ["a0", "a1", "b0", "a2", "b1", "a3"]


def test_full_queue_drops_the_newest_job_of_the_largest_owner() -> None:
    @scenario(slots=1, waiting=3)
    async def _(jobs: Jobs) -> None:
        for number in range(4):
            await jobs.add(ADA, f"a{number}")
        await jobs.add(BOB, "b0")
        assert (await jobs.refusal("a3")).retry_after
        await jobs.add(ADA, "a4")
        await jobs.refusal("a4")
        await jobs.add(BOB, "b1")
        await jobs.refusal("b1")
        await jobs.end("a0")
        await jobs.end("a1")
        await jobs.end("b0")
        assert jobs.started == ["a0", "a1", "b0", "a2"]


def test_queue_without_waiting_places_refuses_jobs() -> None:
    @scenario(slots=1, waiting=0)
    async def _(jobs: Jobs) -> None:
        await jobs.add(ADA, "a")
        await jobs.add(BOB, "b")
        await jobs.refusal("b")


def test_job_with_a_too_long_expected_wait_is_refused_with_retry_after() -> None:
    @scenario(slots=1, patience=15)
    async def _(jobs: Jobs) -> None:
        jobs.queue._average = 10  # seconds
        await jobs.add(ADA, "a")
        await jobs.add(BOB, "b1")
        await jobs.add(EVE, "e")
        assert (await jobs.refusal("e")).retry_after == 20
        assert jobs.queue.waiting() == 1


def test_job_that_waited_too_long_is_refused() -> None:
    @scenario(slots=1, patience=0.01)
    async def _(jobs: Jobs) -> None:
        jobs.queue._average = 0
        await jobs.add(ADA, "a")
        await jobs.add(BOB, "b")
        assert (await jobs.refusal("b")).retry_after == 1
        assert jobs.queue.waiting() == 0


def test_cancelled_job_leaves_the_queue() -> None:
    @scenario(slots=1)
    async def _(jobs: Jobs) -> None:
        for owner, name in ((ADA, "a"), (BOB, "b"), (EVE, "e")):
            await jobs.add(owner, name)
        jobs.tasks["b"].cancel()
        await settled()
        assert jobs.queue.waiting() == 1
        await jobs.end("a")
        assert jobs.started == ["a", "e"]


def test_slot_given_to_a_cancelled_job_goes_to_the_next() -> None:
    @scenario(slots=1)
    async def _(jobs: Jobs) -> None:
        for owner, name in ((ADA, "a"), (BOB, "b"), (EVE, "e")):
            await jobs.add(owner, name)
        jobs.queue._release(ADA)
        jobs.tasks["b"].cancel()
        await settled()
        assert jobs.started == ["a", "e"]


def test_cancelled_running_job_frees_its_slot() -> None:
    @scenario(slots=1)
    async def _(jobs: Jobs) -> None:
        await jobs.add(ADA, "a")
        await jobs.add(BOB, "b")
        jobs.tasks["a"].cancel()
        await settled()
        assert jobs.started == ["a", "b"]
