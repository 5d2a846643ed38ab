"""Periodic workers that know when work is due, and the due time of the relay."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from anyio import to_thread
from sqlalchemy import MetaData, Table

from shared import clock
from shared.background import JITTER, MIN_PAUSE_SECONDS, PeriodicWorker, pause_before
from shared.database.engine import Database
from shared.database.queues import notify
from shared.errors import Unavailable
from shared.events.outbox import RECONNECT_CHECK_MS, Relay
from shared.testing.backends import Backend
from shared.testing.clocked_loop import ClockedLoop
from shared.testing.query_plans import captured_statements, slow_steps

from .tables import made
from .test_background import Steps, run, soon
from .test_events_outbox import METADATA, OUTBOX, Wire, step, tell


@pytest.fixture
def database(backend: Backend) -> Iterator[Database]:
    """With an outbox."""
    opened = Database(made(backend.empty(), METADATA))
    yield opened
    opened.close()


def test_worker_pauses_until_work_is_due_but_no_longer_than_its_interval(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: 1_000_000)
    assert pause_before(1_000_000 + 250, 60) == 0.25
    assert 60 * (1 - JITTER) <= pause_before(1_000_000 + clock.DAY, 60) <= 60
    assert 60 * (1 - JITTER) <= pause_before(None, 60) <= 60
    assert len({pause_before(None, 60) for _ in range(20)}) > 1, "not all at the same moment"


@pytest.mark.parametrize("due", [1_000_000, 999_999, 0])
def test_due_work_locked_by_another_process_is_retried_after_a_pause(monkeypatch: pytest.MonkeyPatch, due: int) -> None:
    monkeypatch.setattr(clock, "now", lambda: 1_000_000)
    assert pause_before(due, 60) == MIN_PAUSE_SECONDS
    assert pause_before(due, 0.01) <= 0.01


def test_worker_runs_when_work_is_due() -> None:
    steps = Steps()
    loop = ClockedLoop()

    async def due() -> int | None:
        return clock.now() + clock.HOUR if steps.taken == 1 else None

    async def scenario() -> None:
        worker = PeriodicWorker("test", steps.step, every=24 * 3600, due=due)
        worker.start()
        await soon(lambda: steps.taken == 1)
        for taken in (2, 2):
            loop.shift(3600)
            await soon(lambda: steps.taken == taken)  # noqa: B023 - it is awaited within the round
        await worker.stop()

    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        runner.run(asyncio.wait_for(scenario(), 24 * 3600 * 2))


def test_failed_due_query_is_retried() -> None:
    steps, asked = Steps(), []

    async def due() -> int | None:
        asked.append(1)
        if len(asked) == 1:
            raise Unavailable("database_unavailable", "It is away.")
        return None

    async def scenario() -> None:
        worker = PeriodicWorker("test", steps.step, every=3600, due=due)
        worker.start()
        await soon(lambda: len(asked) == 2 and steps.taken == 2)
        await worker.stop()

    run(scenario())


def test_commit_that_notifies_its_queue_wakes_the_worker(tmp_path: Path) -> None:
    steps = Steps()
    queue, other = Table("queue", MetaData()), Table("other", MetaData())
    database = Database(f"sqlite:///{tmp_path}/queue.db")

    async def scenario() -> None:
        worker = PeriodicWorker("test", steps.step, every=3600, queue=queue.name)
        database.listeners.wake([worker])
        worker.start()
        await soon(lambda: steps.taken == 1)
        await to_thread.run_sync(database.write, notify, other)
        await to_thread.run_sync(database.write, notify, queue)
        await soon(lambda: steps.taken == 2)
        await worker.stop()

    run(scenario())
    database.close()
    assert steps.taken == 2


def test_next_event_is_due_when_its_retry_pause_ends(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now)
    wire = Wire(confirms=lambda each: each.data["number"] != 1)
    relay = Relay(database, OUTBOX, wire)
    assert asyncio.run(relay.due()) is None
    tell(database, 1, 2)
    step(relay)
    assert asyncio.run(relay.due()) == now + clock.SECOND
    wire.connected = False
    with captured_statements(database) as asked:
        assert asyncio.run(relay.due()) == now + RECONNECT_CHECK_MS
    assert asked == [], "a bus that is away costs the database nothing"


def test_next_due_time_is_found_by_an_index(database: Database) -> None:
    with captured_statements(database) as asked:
        asyncio.run(Relay(database, OUTBOX, Wire()).due())
    assert slow_steps(database, asked[0]) == set()
