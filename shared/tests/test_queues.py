"""Work queues in tables: workers are woken by commits, and know when the next row is due."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from anyio import to_thread
from sqlalchemy import Column, MetaData, update

from shared import clock
from shared.background import PeriodicWorker
from shared.database.engine import Database
from shared.database.queues import earliest
from shared.files.garbage import garbage_table, schedule_deletion
from shared.files.garbage import worker as disposal_worker
from shared.files.storage_url import storage_from
from shared.testing.backends import Backend
from shared.testing.query_plans import captured_statements, slow_steps
from shared.testing.waiting import WAIT_SECONDS, eventually
from shared.tests.sample_purge import LAST_SWEEP_AFTER, PURGE, jobs, metadata, own, owners, states

from .tables import made, rows

METADATA = MetaData()
DISPOSAL = garbage_table(METADATA)


@pytest.fixture
def database(backend: Backend) -> Iterator[Database]:
    """With purge jobs and scheduled files."""
    url = backend.empty()
    made(url, metadata)
    opened = Database(made(url, METADATA))
    yield opened
    opened.close()


@pytest.mark.parametrize("column", [jobs.c.sweep_at, DISPOSAL.c.due_at])
def test_earliest_due_time_is_found_by_an_index(database: Database, column: Column[int]) -> None:
    with captured_statements(database) as asked:
        assert database.read(earliest, column) is None
    assert slow_steps(database, asked[0]) == set()


def test_earliest_due_time_is_the_minimum(database: Database) -> None:
    for subject in (1, 2, 3):
        database.write(PURGE.request, subject)
    for subject, sweep_at in ((1, None), (2, 700), (3, 500)):
        moved = update(jobs).where(jobs.c.subject == subject).values(sweep_at=sweep_at)
        database.write(lambda tx: tx.execute(moved))  # noqa: B023 - it is done within the round
    assert database.read(earliest, jobs.c.sweep_at) == 500


Change = tuple[Callable[[], object], Callable[[], object]]


def run_while(worker: PeriodicWorker, database: Database, *changes: Change) -> None:
    """Run the worker; after each change wait for its condition."""

    async def scenario() -> None:
        database.listeners.wake([worker])
        worker.start()
        for change, condition in changes:
            await to_thread.run_sync(change)
            await to_thread.run_sync(eventually, condition)
        await worker.stop()

    asyncio.run(asyncio.wait_for(scenario(), WAIT_SECONDS))


def test_purge_request_wakes_its_worker(database: Database) -> None:
    own(database, 7, 2)
    worker = PURGE.worker("purge", database, LAST_SWEEP_AFTER)
    run_while(
        worker,
        database,
        (lambda: None, lambda: owners(database) == [7, 7]),
        (lambda: database.write(PURGE.request, 7), lambda: owners(database) == [] and 7 in states(database)),
    )


def test_scheduled_deletion_wakes_its_worker(database: Database, tmp_path: Path) -> None:
    storage = storage_from((tmp_path / "files").as_uri())
    storage.put("now.jpg", b"", "image/jpeg")
    worker = disposal_worker("files", database, DISPOSAL, storage)
    later = clock.now() + clock.DAY
    run_while(
        worker,
        database,
        (
            lambda: database.write(schedule_deletion, DISPOSAL, ["later.jpg"], due_at=later),
            lambda: [row.name for row in rows(database, DISPOSAL)] == ["later.jpg"],
        ),
        (
            lambda: database.write(schedule_deletion, DISPOSAL, ["now.jpg"]),
            lambda: [row.name for row in rows(database, DISPOSAL)] == ["later.jpg"],
        ),
    )
