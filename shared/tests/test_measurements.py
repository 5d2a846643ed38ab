"""Metrics that are measured when they are read: work queues, connection pools, the broker's queues, uploads."""

import asyncio
import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client import REGISTRY
from sqlalchemy import Column, MetaData, Table, insert

from shared import clock, metrics
from shared.database.engine import Database
from shared.database.queues import WorkQueue
from shared.database.statements import BigInt
from shared.errors import AppError
from shared.events import outbox
from shared.events.in_memory import InMemoryBus
from shared.images.processor import ImageProcessor
from shared.measurements import Measurements
from shared.testing.query_plans import captured_statements, slow_steps
from shared.testing.waiting import WAIT_SECONDS

from .tables import made

METADATA = MetaData()
OUTBOX = outbox.outbox_table(METADATA)
JOBS = Table("jobs", METADATA, Column("id", BigInt, primary_key=True), Column("due_at", BigInt))


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database(made(f"sqlite:///{tmp_path}/measured.db", METADATA))
    yield database
    database.close()


def value(name: str, **labels: str) -> float | None:
    return REGISTRY.get_sample_value(name, labels)


def scrape(database: Database, *queues: WorkQueue) -> None:
    """As the metrics server does: in a thread beside the event loop."""

    async def scenario() -> None:
        bus = InMemoryBus()
        await bus.start()
        stop = Measurements("measured", database, bus, queues).start()
        await asyncio.to_thread(lambda: list(REGISTRY.collect()))
        stop()

    asyncio.run(asyncio.wait_for(scenario(), WAIT_SECONDS))


def test_length_and_age_of_an_outbox_are_measured(database: Database) -> None:
    database.write(lambda tx: outbox.enqueue(tx, OUTBOX, "thing.happened", 1, {}))
    old = clock.now() - clock.HOUR
    database.write(lambda tx: tx.execute(OUTBOX.update().values(occurred_at=old)))
    database.write(lambda tx: outbox.enqueue(tx, OUTBOX, "thing.happened", 1, {}))
    scrape(database, outbox.work_queue(OUTBOX))
    assert value("work_queue_rows", service="measured", queue="outbox") == 2
    age = value("work_queue_oldest_seconds", service="measured", queue="outbox")
    assert age is not None and 3_600 <= age < 3_600 + WAIT_SECONDS
    database.write(lambda tx: tx.execute(OUTBOX.update().values(published_at=clock.now())))
    scrape(database, outbox.work_queue(OUTBOX))
    assert value("work_queue_rows", service="measured", queue="outbox") == 0
    assert value("work_queue_oldest_seconds", service="measured", queue="outbox") == 0


def test_work_that_is_not_due_does_not_wait(database: Database) -> None:
    now = clock.now()
    rows = [{"id": 1, "due_at": now - clock.MINUTE}, {"id": 2, "due_at": now + clock.HOUR}]
    database.write(lambda tx: tx.execute(insert(JOBS), rows))
    assert database.read(WorkQueue(JOBS).measure) == (2, None)
    assert database.read(WorkQueue(JOBS, since=JOBS.c.due_at, due=JOBS.c.due_at).measure) == (1, now - clock.MINUTE)


def test_outbox_is_measured_by_its_index(database: Database) -> None:
    with captured_statements(database) as asked:
        database.read(outbox.work_queue(OUTBOX).measure)
    assert [slow_steps(database, each) for each in asked] == [set()]


def test_unavailable_database_is_reported_and_does_not_fail_the_scrape(tmp_path: Path) -> None:
    away = Database(f"sqlite:///{tmp_path}/missing/none.db")
    scrape(away, outbox.work_queue(OUTBOX))
    assert value("database_up", service="measured") == 0
    assert value("broker_connected", service="measured") == 1


def test_pools_are_measured(database: Database) -> None:
    with database.engine.connect():
        scrape(database)
    assert value("database_up", service="measured") == 1
    assert value("database_pool_in_use", service="measured", pool="write") == 1
    assert value("database_pool_size", service="measured", pool="write") == 10


def test_failing_measurement_does_not_fail_the_scrape() -> None:
    stop = metrics.on_scrape(_fail)
    try:
        assert list(REGISTRY.collect())
    finally:
        stop()


def test_uploads_are_counted_by_their_outcome() -> None:
    processor = ImageProcessor(workers=1)
    before = value("upload_processing_seconds_count", outcome="rejected") or 0
    with pytest.raises(AppError):
        asyncio.run(processor.process(io.BytesIO(b"no image"), 1))
    processor.close()
    assert value("upload_processing_seconds_count", outcome="rejected") == before + 1
    assert value("uploads_in_progress") == 0


def _fail() -> None:
    raise ValueError
