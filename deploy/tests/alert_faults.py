"""Causes the fault of each alert, with the parts of the system that measure it."""

import asyncio
import io
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest
import structlog
from anyio import to_thread
from pydantic import SecretStr
from sqlalchemy import Connection, Table, insert

import gateway.metrics
import services.auth.models
import services.posts.models
import services.social.models
from deploy.tests.alert_rules import Samples, samples
from gateway.rate_limit.rate_limits import parse_rate_limit
from gateway.rate_limit.redis_store import RedisStore
from gateway.routes import NORMAL
from gateway.tests.gateway_server import live_gateway_alone
from gateway.tests.stub_services import NAMES, StubServices
from gateway.upstream.client import Client
from gateway.upstream.upstream import Bulkhead, Upstream
from services.auth.actions import withdrawals
from services.social.subscriptions import USERS
from shared import clock, ids, metrics
from shared.background import PeriodicWorker
from shared.database.engine import Database
from shared.database.queues import WorkQueue
from shared.errors import AppError, Unavailable
from shared.events import outbox
from shared.events.bus import Bus
from shared.events.envelope import Event
from shared.events.in_memory import InMemoryBus
from shared.events.rabbitmq import RabbitBus
from shared.files.cdn import CdnPurge
from shared.images.processor import ImageProcessor
from shared.log_limit import MAX_ENTRIES, LogLimit
from shared.mail.queue import work_queue
from shared.measurements import Measurements
from shared.replication.reconcile import Reconciler, SubjectPage
from shared.security.verifier import Identity
from shared.testing import eventually
from shared.testing.ports import closed_port
from shared.testing.waiting import WAIT_SECONDS
from shared.websockets.hub import Hub


class BusWithQueues(InMemoryBus):
    """Reports this number of waiting events: filling a real queue takes long."""

    def __init__(self, **lengths: int) -> None:
        super().__init__()
        self.lengths = {"ready": 0, "retry": 0, "dead": 0, **lengths}

    async def queue_lengths(self, service: str) -> dict[str, int]:
        return self.lengths if service == "faulty" else {}


@dataclass
class Faults:
    """Causes the fault of each alert. A method has the name of its alert, and returns the samples during the fault."""

    folder: Path
    before: Samples = field(default_factory=dict)

    def _database(self, *tables: Table) -> Database:
        database = Database(f"sqlite:///{self.folder}/fault.db", pool_size=1, pool_timeout=0.1)
        for table in tables:
            table.create(database.engine, checkfirst=True)
        return database

    def _measure(self, database: Database, *queues: WorkQueue, bus: Bus | None = None, started: bool = True) -> Samples:
        async def scenario() -> Samples:
            used = bus or BusWithQueues()
            if started:
                await used.start()
            stop = Measurements("faulty", database, used, queues).start()
            try:
                return await to_thread.run_sync(samples)
            finally:
                stop()

        return asyncio.run(asyncio.wait_for(scenario(), WAIT_SECONDS))

    def _queue(self, queue: WorkQueue, fill: Callable[[Connection], object]) -> Samples:
        database = self._database(queue.table)
        self.before = self._measure(database, queue)
        database.write(fill)
        return self._measure(database, queue)

    def error_rate_high(self) -> Samples:
        with ExitStack() as stack:
            away = StubServices(ports={stack.enter_context(closed_port()): name for name in NAMES})
            live = stack.enter_context(live_gateway_alone(away))
            for _ in range(5):
                assert live.web.get("/api/v1/users?q=a").status_code == 503
        return samples()

    def responses_slow(self) -> Samples:
        metrics.REQUESTS.labels("gateway", "/slow", 200).observe(3.0)
        return samples()

    def database_down(self) -> Samples:
        self.before = self._measure(self._database())
        return self._measure(Database(f"sqlite:///{self.folder}/missing/none.db"))

    def database_pool_exhausted(self) -> Samples:
        database = self._database()
        self.before = self._measure(database)
        with database.engine.connect():
            return self._measure(database)

    def broker_disconnected(self) -> Samples:
        database = self._database()
        self.before = self._measure(database)
        with closed_port() as port:
            return self._measure(database, bus=RabbitBus(f"amqp://127.0.0.1:{port}/"), started=False)

    def outbox_not_published(self) -> Samples:
        table = services.social.models.outbox
        row = {"id": 1, "type": "user.purged", "version": 1, "data": {}, "occurred_at": clock.now() - clock.HOUR}
        return self._queue(outbox.work_queue(table), lambda tx: tx.execute(insert(table).values(row)))

    def purge_late(self) -> Samples:
        asked = {
            "user_id": 1,
            "requested_at": clock.now() - 2 * clock.HOUR,
            "sweep_at": clock.now(),
            "state": "purging",
        }
        return self._queue(USERS.purge.work_queue(), lambda tx: tx.execute(insert(USERS.purge.jobs).values(asked)))

    def withdrawal_incomplete(self) -> Samples:
        at = clock.now() - 3 * clock.HOUR
        row = {"id": 1, "account_id": 2, "withdrawn_at": at, "announced_at": at, "complete": False}
        queue = withdrawals.work_queue()
        return self._queue(queue, lambda tx: tx.execute(insert(queue.table).values(row)))

    def work_queue_long(self) -> Samples:
        table = services.posts.models.removals
        rows = [{"post_id": number, "author_id": 1} for number in range(1_001)]
        return self._queue(WorkQueue(table), lambda tx: tx.execute(insert(table), rows))

    def mails_not_sent(self) -> Samples:
        message = {
            "id": 1,
            "created_at": clock.now() - 2 * clock.HOUR,
            "due_at": clock.now(),
            "expires_at": clock.now() + clock.HOUR,
            "attempts": 0,
            "account_id": 2,
            "template": "password_reset",
            "reference": 3,
        }
        table = services.auth.models.mails
        return self._queue(work_queue(table), lambda tx: tx.execute(insert(table).values(message)))

    def cdn_purges_fail(self) -> Samples:
        with closed_port() as port, pytest.raises(Unavailable):
            CdnPurge("faulty", f"http://127.0.0.1:{port}", SecretStr(""), "https://cdn.example.com")(["a.jpg"])
        return samples()

    def dead_letters(self) -> Samples:
        return self._waiting(dead=1)

    def events_waiting(self) -> Samples:
        return self._waiting(ready=1_001)

    def _waiting(self, **lengths: int) -> Samples:
        database = self._database()
        self.before = self._measure(database)
        return self._measure(database, bus=BusWithQueues(**lengths))

    def _reconcile(self, subjects: Sequence[int], *, away: bool = False) -> None:
        jobs, checkpoints, people = (
            USERS.purge.jobs,
            services.social.models.reconciliation,
            services.social.models.people,
        )
        database = self._database(jobs, checkpoints, people)

        async def read(_after: int) -> SubjectPage:
            if away:
                raise Unavailable("neighbour_unavailable", "It is away.")
            return SubjectPage(subjects, ids.new(), None)

        step = Reconciler("faulty", database, USERS.purge, checkpoints, read).step()
        if away:
            with pytest.raises(Unavailable):
                asyncio.run(step)
        else:
            asyncio.run(step)

    def reconciliation_stopped(self) -> Samples:
        self._reconcile([])
        self.before = samples()
        self._reconcile([], away=True)
        return samples()

    def reconciliation_found_differences(self) -> Samples:
        self._reconcile([])
        self.before = samples()
        self._reconcile([ids.new()])
        return samples()

    def background_work_fails(self) -> Samples:
        async def fail() -> bool:
            raise ValueError

        async def scenario() -> None:
            worker = PeriodicWorker("faulty.worker", fail)
            worker.start()
            failed = "background_failures_total"
            await to_thread.run_sync(eventually, lambda: samples().get(f'{failed}{{worker="faulty.worker"}}', 0) >= 2)
            await worker.stop()

        asyncio.run(scenario())
        return samples()

    def event_handlers_fail(self) -> Samples:
        def fail(_event: Event) -> None:
            raise ValueError

        async def scenario() -> None:
            bus = InMemoryBus(pause=lambda _: 0.0)
            bus.subscribe("faulty", ["thing.happened.v1"], fail)
            await bus.start()
            assert await bus.publish([Event(1, "thing.happened", 1, clock.now(), None, {})]) == [False]
            await bus.stop()

        asyncio.run(scenario())
        return samples()

    def uploads_rejected(self) -> Samples:
        async def scenario() -> None:
            processor = ImageProcessor(workers=1, waiting=0)
            uploads = [processor.process(io.BytesIO(b"no image"), owner) for owner in range(4)]
            outcomes = await asyncio.gather(*uploads, return_exceptions=True)
            assert [type(each) for each in outcomes].count(Unavailable) == 3
            assert all(isinstance(each, AppError) for each in outcomes)
            processor.close()

        asyncio.run(scenario())
        return samples()

    def sockets_near_limit(self) -> Samples:
        async def scenario() -> Samples:
            hub = Hub("faulty", 5_000, 1)
            sockets = [hub.register(Identity(subject, subject, 0)) for subject in range(4_501)]
            found = samples()
            for socket in sockets:
                hub.unregister(socket)
            return found

        return asyncio.run(scenario())

    def upstream_saturated(self) -> Samples:
        upstream = Upstream("posts", "http://127.0.0.1:1", {NORMAL: Bulkhead(100)}, partial(Client, connect_seconds=1))
        gateway.metrics.IN_FLIGHT.labels("posts").set_function(lambda: upstream.in_flight)
        self.before = samples()
        for _ in range(81):
            upstream.bulkheads[NORMAL].enter(())
        return samples()

    def rate_limits_counted_alone(self) -> Samples:
        async def scenario() -> None:
            with closed_port() as port:
                store = RedisStore(f"redis://127.0.0.1:{port}")
                assert await store.add(parse_rate_limit("logins", "1/minute"), "somebody", 0) == 1
                await store.close()

        asyncio.run(scenario())
        return samples()

    def log_lines_suppressed(self) -> Samples:
        limit = LogLimit()
        for _ in range(MAX_ENTRIES):
            limit(None, "warning", {"event": "the same"})
        with pytest.raises(structlog.DropEvent):
            limit(None, "warning", {"event": "the same"})
        return samples()
