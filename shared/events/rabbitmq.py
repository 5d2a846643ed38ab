"""The RabbitMQ event bus: publisher confirms, acknowledgement after the commit, reconnection after every failure."""

import asyncio
import random
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, cast
from urllib.parse import urlsplit, urlunsplit

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
from shared.tracing import spans

PUBLISH_SECONDS = 5.0
CONNECT_SECONDS = 5.0
HEARTBEAT_SECONDS = 10
# Attempts in the process, within a few seconds; then the message waits in a retry queue of the broker.
MAX_ATTEMPTS = 6
MAX_PAUSE_SECONDS = 2.0
# Their order does not matter, as versions decide. Ephemeral subscriptions handle one at a time, in order.
MAX_CONCURRENT_EVENTS = 4
# Beyond it the broker drops the oldest: the process queries what it missed.
MAX_EPHEMERAL_QUEUE_LENGTH = 10_000
STOP_SECONDS = 15.0
RETRY_COUNT_HEADER = "x-retry_count"
# The delivery mode of a message that survives a restart of the broker (AMQP 0-9-1, class basic).
PERSISTENT = 2

log = structlog.get_logger()
TRANSIENT_ERRORS = (AMQPException, OSError, asyncio.TimeoutError, RuntimeError)
"""Raised by the library, the socket or the event loop when a connection fails."""


@dataclass(slots=True)
class _Subscription:
    service: str
    names: frozenset[str]
    receive: Receive
    durable: bool
    threads: CapacityLimiter


async def open_connection(url: str, **options: Any) -> AbstractConnection:
    """Connect to any node of the cluster. Raises the error of the last one if none answers."""
    *others, last = random.sample(urls := node_urls(url), len(urls))
    for each in others:
        with suppress(*TRANSIENT_ERRORS):
            return await _connect_to(each, options)
    return await _connect_to(last, options)


async def _connect_to(url: str, options: dict[str, Any]) -> AbstractConnection:
    connection: AbstractConnection = await aio_pika.connect(url, timeout=CONNECT_SECONDS, **options)
    return connection


def node_urls(url: str) -> list[str]:
    """A URL for each of the hosts, which are separated by commas: `amqp://user:password@one,two:5673/`."""
    parts = urlsplit(url)
    login, at, hosts = parts.netloc.rpartition("@")
    return [urlunsplit(parts._replace(netloc=f"{login}{at}{host}")) for host in hosts.split(",")]


class RabbitBus:
    """One service's connection to the broker, opened and reopened in the background.

    The URL may have several hosts, separated by commas: the nodes of one cluster, of which any will do.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._subscriptions: list[_Subscription] = []
        self._connection: AbstractConnection | None = None
        self._publishing: Wire | None = None
        self._connecting: asyncio.Task[None] | None = None
        self._handling: set[asyncio.Task[None]] = set()
        self._stopping = False

    @property
    def connected(self) -> bool:
        return self._publishing is not None

    def subscribe(self, service: str, names: Collection[str], receive: Receive) -> None:
        """Consume the durable queue of `service`. Must be called before `start`."""
        threads = CapacityLimiter(MAX_CONCURRENT_EVENTS)
        self._subscriptions.append(_Subscription(service, frozenset(names), receive, durable=True, threads=threads))

    def subscribe_ephemeral(self, service: str, names: Collection[str], receive: Receive) -> None:
        """Consume an exclusive queue of this process. Must be called before `start`."""
        thread = CapacityLimiter(1)
        self._subscriptions.append(_Subscription(service, frozenset(names), receive, durable=False, threads=thread))

    async def start(self) -> None:
        """Only the first call has an effect."""
        if self._connecting is None:
            self._connecting = asyncio.create_task(self._keep_connected(), name="rabbitmq")

    async def stop(self) -> None:
        """Accept no more events, finish those that are being handled, close."""
        self._stopping = True
        if self._connecting is not None:
            self._connecting.cancel()
            await asyncio.gather(self._connecting, return_exceptions=True)
        if self._handling:
            await asyncio.wait(self._handling, timeout=STOP_SECONDS)
        await self._close()

    async def publish(self, events: Sequence[Event]) -> list[bool]:
        """For each event, whether the broker has confirmed that a queue has stored it."""
        channel = self._publishing
        if channel is None:
            return [False] * len(events)
        return await publish_all(channel, events)

    async def queue_lengths(self, service: str) -> dict[str, int]:
        """Messages that wait in the durable queues of a service. Those that are being handled are not counted."""
        if self._connection is None:
            return {}
        async with self._connection.channel(publisher_confirms=False) as channel:
            retries = [topology.retry_queue(service, seconds) for seconds in topology.RETRY_SECONDS]
            names = {"ready": [service], "retry": retries, "dead": [topology.dead_queue(service)]}
            return {kind: sum([await _length(channel, name) for name in queues]) for kind, queues in names.items()}

    async def _keep_connected(self) -> None:
        # Each attempt is a separate task: the library cancels the waiting task when a connection breaks.
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
        self._connection = await open_connection(self._url, heartbeat=HEARTBEAT_SECONDS, client_properties={})
        self._connection.close_callbacks.add(lambda *_: lost.set())
        channel = await self._connection.channel(publisher_confirms=True, on_return_raises=True)
        channel.close_callbacks.add(lambda *_: lost.set())
        for subscription in self._subscriptions:
            await self._consume(self._connection, subscription, lost)
        # The library's abstract channel has no parameter `wait`; the concrete one has.
        self._publishing = cast("Wire", await channel.get_underlay_channel())

    async def _consume(self, connection: AbstractConnection, wanted: _Subscription, lost: asyncio.Event) -> None:
        channel = await connection.channel()
        channel.close_callbacks.add(lambda *_: lost.set())
        underlay = await channel.get_underlay_channel()
        underlay.on_consumer_cancel_callbacks.add(lambda _: lost.set())  # the broker delivers no more, and stays
        await channel.set_qos(prefetch_count=2 * MAX_CONCURRENT_EVENTS)
        queue = await (
            channel.get_queue(wanted.service, ensure=False) if wanted.durable else _ephemeral_queue(channel, wanted)
        )
        await queue.consume(partial(self._accept, wanted), timeout=CONNECT_SECONDS)

    async def _accept(self, subscription: _Subscription, message: AbstractIncomingMessage) -> None:
        # In a separate task: the library cancels its own when the connection breaks.
        if self._stopping:
            return
        task = asyncio.create_task(self._handle(subscription, message))
        self._handling.add(task)
        task.add_done_callback(self._handling.discard)

    async def _handle(self, subscription: _Subscription, message: AbstractIncomingMessage) -> None:
        # A failed acknowledgement is harmless: the message is delivered again, and its inbox row exists.
        try:
            done = await self._run_handler(subscription, message.body)
        except DecodeError as problem:
            log.error("event not decodable", reason=str(problem))
            settled = await self._republish(subscription, message, topology.DEAD)
        else:
            settled = done or await self._schedule_retry(subscription, message)
        with suppress(*TRANSIENT_ERRORS):
            await (message.ack() if settled else message.nack(requeue=True))

    async def _run_handler(self, subscription: _Subscription, body: bytes) -> bool:
        event = Event.from_json(body)
        if event.name not in subscription.names:
            raise DecodeError(f"{event.name} has no handler here")
        tries = 0
        while tries < MAX_ATTEMPTS and not self._stopping:
            try:
                with spans.consume(subscription.service, event.name, event.traceparent):
                    await to_thread.run_sync(subscription.receive, event, limiter=subscription.threads)
            except errors.Unavailable:  # the database is unavailable: wait, and accept no more events meanwhile
                await asyncio.sleep(_jitter(MAX_PAUSE_SECONDS))
            except Exception:
                tries += 1
                metrics.EVENTS_FAILED.labels(subscription.service, event.name).inc()
                log.exception("event handler failed", name=event.name, tries=tries)
                await asyncio.sleep(_jitter(min(MAX_PAUSE_SECONDS, 0.1 * 2**tries)))
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
            return True  # not retried: an ephemeral subscriber queries what it missed
        if self._publishing is None:
            return False
        retries = topology.retries_of(subscription.service)
        return await _confirmed(self._publishing, retries, where, message.body, retry_count)

    async def _close(self) -> None:
        connection, self._connection = self._connection, None
        self._publishing = None
        if connection is not None:
            with suppress(*TRANSIENT_ERRORS):
                async with asyncio.timeout(CONNECT_SECONDS):
                    await connection.close()


async def publish_all(channel: Wire, events: Sequence[Event]) -> list[bool]:
    """For each event, whether the broker has confirmed that a queue has stored it."""
    return await asyncio.gather(*(_confirmed(channel, topology.EXCHANGE, each.name, each.to_json()) for each in events))


async def _length(channel: AbstractChannel, name: str) -> int:
    queue = await channel.declare_queue(name, passive=True, timeout=CONNECT_SECONDS)
    return queue.declaration_result.message_count or 0


async def _ephemeral_queue(channel: AbstractChannel, wanted: _Subscription) -> aio_pika.abc.AbstractQueue:
    """An exclusive queue, deleted when the connection ends."""
    queue = await channel.declare_queue(
        exclusive=True, auto_delete=True, arguments={"x-max-length": MAX_EPHEMERAL_QUEUE_LENGTH}
    )
    for name in wanted.names:
        await queue.bind(topology.EXCHANGE, routing_key=name)
    return queue


async def _confirmed(channel: Wire, exchange: str, key: str, body: bytes, retry_count: int = 0) -> bool:
    """Whether the broker has confirmed it. Without `wait=False` the next one would not be sent before this one."""
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
    except TRANSIENT_ERRORS as problem:
        log.warning("not confirmed", key=key, reason=repr(problem))
        return False
    return True


def _jitter(longest: float) -> float:
    return random.uniform(longest / 2, longest)  # noqa: S311 - jitter, not a secret
