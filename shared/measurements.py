"""Measures the work queues, the broker's queues and the connection pool of a service, when its metrics are read."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import structlog

from shared import clock, metrics
from shared.database.engine import Database
from shared.database.queues import WorkQueue
from shared.errors import Unavailable
from shared.events.bus import Bus

BROKER_SECONDS = 3.0
"""How long the broker may take to tell the lengths of its queues."""
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Measurements:
    """What is measured of one service."""

    service: str
    database: Database
    bus: Bus
    queues: Sequence[WorkQueue]

    def start(self) -> Callable[[], None]:
        """Measure whenever the metrics are read, in the running event loop. Returns what ends it."""
        loop = asyncio.get_running_loop()
        return metrics.on_scrape(lambda: self.measure(loop))

    def measure(self, loop: asyncio.AbstractEventLoop) -> None:
        """Set the gauges. Blocking; not for the thread of the event loop."""
        for name, engine in (("write", self.database.engine), ("read", self.database.read_engine)):
            pool: Any = engine.pool  # a QueuePool, with both databases
            metrics.POOL_IN_USE.labels(self.service, name).set(pool.checkedout())
            metrics.POOL_SIZE.labels(self.service, name).set(pool.size())
        self._measure_database()
        metrics.BROKER_CONNECTED.labels(self.service).set(self.bus.connected)
        self._measure_broker(loop)

    def _measure_database(self) -> None:
        up = metrics.DATABASE_UP.labels(self.service)
        try:
            found = self.database.read(lambda connection: [each.measure(connection) for each in self.queues])
        except Unavailable:
            up.set(0)
            return
        up.set(1)
        for queue, (count, oldest) in zip(self.queues, found, strict=True):
            metrics.QUEUE_ROWS.labels(self.service, queue.table.name).set(count)
            age = 0 if oldest is None else max(0, clock.now() - oldest) / clock.SECOND
            metrics.QUEUE_OLDEST_SECONDS.labels(self.service, queue.table.name).set(age)

    def _measure_broker(self, loop: asyncio.AbstractEventLoop) -> None:
        if not self.bus.connected:
            return
        asking = asyncio.run_coroutine_threadsafe(self.bus.queue_lengths(self.service), loop)
        try:
            lengths = asking.result(BROKER_SECONDS)
        except Exception as problem:
            asking.cancel()
            log.warning("queues of the broker not measured", reason=type(problem).__name__)
            return
        for name, length in lengths.items():
            metrics.EVENTS_QUEUED.labels(self.service, name).set(length)
