"""Sends what has to be pushed: some messages at a time, each in a bounded time, so that none delays others for long."""

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar, TypeVarTuple

import orjson
import structlog
from anyio import CapacityLimiter
from prometheus_client import Counter
from sqlalchemy import Row

from shared import ids
from shared.background import PeriodicWorker, run_sync_shielded
from shared.database.engine import Database
from shared.database.queues import earliest
from shared.push.client import PushClient, PushDeferred, PushGone, PushRefused, PushRequest
from shared.push.encryption import BrowserKeys, encrypt

from . import models
from .actions import pushes
from .actions.pushes import Push

MAX_RUNNING = 16
"""Messages that one process sends at a time."""
PUSHES = Counter(
    "pushes_total", "Push messages, by outcome: sent, deferred, refused, gone, expired, dropped.", ["outcome"]
)
T = TypeVar("T")
Arguments = TypeVarTuple("Arguments")
log = structlog.get_logger()


class PushSender:
    """Sends the messages of the table."""

    def __init__(self, database: Database, client: PushClient) -> None:
        self._database = database
        self._client = client
        self._thread = CapacityLimiter(2)  # one to take messages, one to store what became of them
        self._running: set[asyncio.Task[None]] = set()
        self._free = asyncio.Semaphore(MAX_RUNNING)

    def worker(self) -> PeriodicWorker:
        """Woken by commits of this process, and when a retry is due."""
        return PeriodicWorker("notifications.pushes", self.step, queue=models.web_pushes.name, due=self._due)

    async def step(self) -> bool:
        """Begin to send what is due. Returns False: everything has begun. Raises Unavailable."""
        while True:
            await self._free.acquire()
            try:
                push = await self._in_thread(self._database.write, pushes.take)
            except BaseException:
                self._free.release()
                raise
            if push is None:
                self._free.release()
                return False
            task = asyncio.create_task(self._send(push), name="push")
            self._running.add(task)
            task.add_done_callback(self._end)

    async def close(self) -> None:
        """Stop at once. What was being sent may have arrived, and is sent again when its lease has ended."""
        running = tuple(self._running)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        await self._client.close()

    async def _due(self) -> int | None:
        return await self._in_thread(self._database.read, earliest, models.web_pushes.c.due_at)

    def _end(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        self._free.release()
        if not task.cancelled() and (problem := task.exception()) is not None:
            log.error("push failed", exc_info=problem)  # it is sent again when its lease has ended

    async def _send(self, push: Push) -> None:
        if push.has_expired:
            await self._settle("expired", pushes.lost, push.row)
        elif push.subscription is None or push.content is None:
            await self._settle("dropped", pushes.dropped, push.row)
        else:
            await self._deliver(push, push.subscription, orjson.dumps(push.content))

    async def _deliver(self, push: Push, to: Row[Any], content: bytes) -> None:
        body = await self._in_thread(encrypt, content, BrowserKeys(to.p256dh, to.auth))
        message = PushRequest(body, topic=ids.encode(push.row.notification_id), ttl_seconds=push.ttl_seconds)
        try:
            await self._client.send(to.endpoint, message)
        except PushGone:
            await self._settle("gone", pushes.gone, push.row)
        except PushRefused as problem:
            await self._settle("refused", pushes.lost, push.row, reason=str(problem))
        except PushDeferred as problem:
            await self._settle("deferred", pushes.deferred, push.row, problem.retry_after, reason=str(problem))
        else:
            await self._settle("sent", pushes.accepted, push.row)

    async def _settle(self, outcome: str, action: Callable[..., None], *args: Any, reason: str | None = None) -> None:
        await self._in_thread(self._database.write, action, *args)
        PUSHES.labels(outcome).inc()
        if reason is not None:
            row = args[0]
            log.warning(f"push {outcome}", subscription_id=ids.encode(row.subscription_id), reason=reason)

    async def _in_thread(self, function: Callable[[*Arguments], T], *args: *Arguments) -> T:
        return await run_sync_shielded(function, *args, limiter=self._thread)
