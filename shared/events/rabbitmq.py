"""The bus of the cluster: RabbitMQ with confirms, acknowledgement after the commit, and patience with every outage."""

import asyncio
import random
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import cast

import aio_pika
import structlog
from aio_pika.abc import AbstractChannel, AbstractConnection, AbstractIncomingMessage
from aio_pika.exceptions import AMQPException
from aiormq import Channel as Wire
from aiormq import spec
from anyio import CapacityLimiter, to_thread

from shared import errors, metrics
from shared.events import topology
from shared.events.bus import Receive
from shared.events.envelope import DecodeError, Event

PUBLISH_SECONDS = 5.0
CONNECT_SECONDS = 5.0
HEARTBEAT_SECONDS = 10
TRIES = 6
"""In the process, within a few seconds; then the message waits at the broker."""
LONGEST_PAUSE = 2.0
MAX_CONCURRENT_EVENTS = 4
"""Facts taken in at the same time; their order does not matter, versions decide. What is overheard keeps its order."""
MAX_EPHEMERAL_QUEUE_LENGTH = 10_000
"""That wait for one process; the oldest are let go, as it can pull what it missed."""
STOP_SECONDS = 15.0
RETRY_COUNT_HEADER = "x-retry_count"
PERSISTENT = 2
"""The delivery mode of a message that outlives the broker's process (AMQP 0-9-1, class basic)."""

log = structlog.get_logger()
_TRANSIENT_ERRORS = (AMQPException, OSError, asyncio.TimeoutError, RuntimeError)
"""What a connection that breaks raises, by the library, the socket or the loop."""


@dataclass(slots=True)
class _Subscription:
    service: str
    names: frozenset[str]
    receive: Receive
    durable: bool
    threads: CapacityLimiter


class RabbitBus:
    """One service's connection to the broker. It connects in the background, and again for as long as it lives."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._subscriptions: list[_Subscription] = []
        self._connection: AbstractConnection | None = None
        self._publishing: Wire | None = None
        self._keeping: asyncio.Task[None] | None = None
        self._handling: set[asyncio.Task[None]] = set()
        self._stopping = False

    @property
    def connected(self) -> bool:
        """Whether facts can be published now."""
        return self._publishing is not None

    def subscribe(self, service: str, names: Collection[str], receive: Receive) -> None:
        """Let `service` hear the facts of these names from its own durable queue; before `start`."""
        threads = CapacityLimiter(MAX_CONCURRENT_EVENTS)
        self._subscriptions.append(_Subscription(service, frozenset(names), receive, durable=True, threads=threads))

    def subscribe_ephemeral(self, service: str, names: Collection[str], receive: Receive) -> None:
        """Let this one process hear facts from now on, as long as it lives; before `start`."""
        thread = CapacityLimiter(1)
        self._subscriptions.append(_Subscription(service, frozenset(names), receive, durable=False, threads=thread))

    async def start(self) -> None:
        """Connect in the background. The first call counts."""
        if self._keeping is None:
            self._keeping = asyncio.create_task(self._keep_connected(), name="rabbitmq")

    async def stop(self) -> None:
        """Take no more, finish what is being taken in, close."""
        self._stopping = True
        if self._keeping is not None:
            self._keeping.cancel()
            await asyncio.gather(self._keeping, return_exceptions=True)
        if self._handling:
            await asyncio.wait(self._handling, timeout=STOP_SECONDS)
        await self._close()

    async def publish(self, events: Sequence[Event]) -> list[bool]:
        """Publish all at once; for each, whether the broker has confirmed that a queue holds it."""
        channel = self._publishing
        if channel is None:
            return [False] * len(events)
        return await asyncio.gather(
            *(_confirmed(channel, topology.EXCHANGE, each.name, each.to_json()) for each in events)
        )

    async def _keep_connected(self) -> None:
        """Each try is a task of its own: the library cancels whoever waits when a connection breaks in its hands."""
        failures = 0
        while True:
            trying = asyncio.create_task(self._stay_connected())
            try:
                await asyncio.wait([trying])
            finally:
                trying.cancel()
            failures += 1
            if trying.cancelled() or (problem := trying.exception()) is not None:
                reason = "cancelled" if trying.cancelled() else repr(problem)
                log.warning("broker not reached", reason=reason, failures=failures)
            else:
                failures = 0
                log.warning("broker lost")
            await asyncio.wait([asyncio.create_task(self._close())])
            await asyncio.sleep(_jitter(min(5.0, 0.2 * 2 ** min(failures, 6))))

    async def _stay_connected(self) -> None:
        """Connect; return when the connection is lost."""
        lost = asyncio.Event()
        async with asyncio.timeout(2 * CONNECT_SECONDS):
            await self._connect(lost)
        log.info("broker connected")
        await lost.wait()

    async def _connect(self, lost: asyncio.Event) -> None:
        self._connection = await aio_pika.connect(
            self._url, timeout=CONNECT_SECONDS, heartbeat=HEARTBEAT_SECONDS, client_properties={}
        )
        self._connection.close_callbacks.add(lambda *_: lost.set())
        channel = await self._connection.channel(publisher_confirms=True, on_return_raises=True)
        channel.close_callbacks.add(lambda *_: lost.set())
        for subscription in self._subscriptions:
            await self._consume(self._connection, subscription, lost)
        # What the library promises of a channel knows nothing of `wait`; the one that there is does.
        self._publishing = cast("Wire", await channel.get_underlay_channel())

    async def _consume(self, connection: AbstractConnection, wanted: _Subscription, lost: asyncio.Event) -> None:
        channel = await connection.channel()
        channel.close_callbacks.add(lambda *_: lost.set())
        underlay = await channel.get_underlay_channel()
        underlay.on_consumer_cancel_callbacks.add(lambda _: lost.set())  # the broker delivers no more, and stays
        await channel.set_qos(prefetch_count=2 * MAX_CONCURRENT_EVENTS)
        queue = await (
            channel.get_queue(wanted.service, ensure=False) if wanted.durable else _own_queue(channel, wanted)
        )
        await queue.consume(partial(self._accept, wanted), timeout=CONNECT_SECONDS)

    async def _accept(self, subscription: _Subscription, message: AbstractIncomingMessage) -> None:
        """Handle in a task of our own: the library cancels its own when the connection breaks."""
        if self._stopping:
            return
        task = asyncio.create_task(self._handle(subscription, message))
        self._handling.add(task)
        task.add_done_callback(self._handling.discard)

    async def _handle(self, subscription: _Subscription, message: AbstractIncomingMessage) -> None:
        """An acknowledgement that fails is normal: the message comes again, and its inbox row is there."""
        try:
            done = await self._take_in(subscription, message.body)
        except DecodeError as problem:
            log.error("event not understood", reason=str(problem))
            aside = await self._republish(subscription, message, topology.DEAD)
        else:
            aside = done or await self._schedule_retry(subscription, message)
        with suppress(*_TRANSIENT_ERRORS):
            await (message.ack() if aside else message.nack(requeue=True))

    async def _take_in(self, subscription: _Subscription, body: bytes) -> bool:
        event = Event.from_json(body)
        if event.name not in subscription.names:
            raise DecodeError(f"{event.name} is not heard here")
        tries = 0
        while tries < TRIES and not self._stopping:
            try:
                await to_thread.run_sync(subscription.receive, event, limiter=subscription.threads)
            except errors.Unavailable:  # our own database is away: wait here, and take no more meanwhile
                await asyncio.sleep(_jitter(LONGEST_PAUSE))
            except Exception:
                tries += 1
                metrics.EVENTS_FAILED.labels(subscription.service, event.name).inc()
                log.exception("event not taken in", name=event.name, tries=tries)
                await asyncio.sleep(_jitter(min(LONGEST_PAUSE, 0.1 * 2**tries)))
            else:
                metrics.EVENTS_TAKEN_IN.labels(subscription.service, event.name).inc()
                return True
        return False

    async def _schedule_retry(self, subscription: _Subscription, message: AbstractIncomingMessage) -> bool:
        retry_count = message.headers.get(RETRY_COUNT_HEADER, 0)
        retry_count = retry_count if isinstance(retry_count, int) else 0
        if self._stopping or retry_count >= len(topology.RETRY_SECONDS):
            return not self._stopping and await self._republish(subscription, message, topology.DEAD)
        return await self._republish(subscription, message, str(topology.RETRY_SECONDS[retry_count]), retry_count + 1)

    async def _republish(
        self, subscription: _Subscription, message: AbstractIncomingMessage, where: str, retry_count: int = 0
    ) -> bool:
        if not subscription.durable:
            return True  # nowhere to put it, and no need: what such a process missed it pulls
        if self._publishing is None:
            return False
        retries = topology.retries_of(subscription.service)
        return await _confirmed(self._publishing, retries, where, message.body, retry_count)

    async def _close(self) -> None:
        connection, self._connection = self._connection, None
        self._publishing = None
        if connection is not None:
            with suppress(*_TRANSIENT_ERRORS):
                async with asyncio.timeout(CONNECT_SECONDS):
                    await connection.close()


async def _own_queue(channel: AbstractChannel, wanted: _Subscription) -> aio_pika.abc.AbstractQueue:
    """A queue that goes with the process: what was missed is pulled from where it is kept."""
    queue = await channel.declare_queue(
        exclusive=True, auto_delete=True, arguments={"x-max-length": MAX_EPHEMERAL_QUEUE_LENGTH}
    )
    for name in wanted.names:
        await queue.bind(topology.EXCHANGE, routing_key=name)
    return queue


async def _confirmed(channel: Wire, exchange: str, key: str, body: bytes, retry_count: int = 0) -> bool:
    """Whether the broker has it. `wait` would keep the next from being sent until this one has left the process."""
    properties = spec.Basic.Properties(
        content_type="application/json",
        delivery_mode=PERSISTENT,
        headers={RETRY_COUNT_HEADER: retry_count} if retry_count else None,
    )
    try:
        await channel.basic_publish(
            body,
            exchange=exchange,
            routing_key=key,
            properties=properties,
            mandatory=True,
            timeout=PUBLISH_SECONDS,
            wait=False,
        )
    except _TRANSIENT_ERRORS as problem:
        log.warning("not confirmed", key=key, reason=repr(problem))
        return False
    return True


def _jitter(longest: float) -> float:
    return random.uniform(longest / 2, longest)  # noqa: S311 - jitter, not a secret
