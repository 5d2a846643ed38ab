"""The event bus of the one-process mode: one queue per subscribed service, with redelivery and without persistence.

An event counts as published only when every subscriber has committed it. Until then it stays in the sender's outbox,
which is on disk: a kill at any moment loses nothing.
"""

import asyncio
import random
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field

import structlog
from anyio import CapacityLimiter

from shared import metrics
from shared.background import run_sync_shielded
from shared.events.bus import Receive
from shared.events.envelope import DecodeError, Event
from shared.tracing import spans

MAX_ATTEMPTS = 5
QUEUE_LENGTH = 1_000
log = structlog.get_logger()


@dataclass(slots=True)
class _Subscription:
    service: str
    names: frozenset[str]
    receive: Receive
    queue: asyncio.Queue[tuple[bytes, asyncio.Future[bool]]] = field(
        default_factory=lambda: asyncio.Queue(QUEUE_LENGTH)
    )


class InMemoryBus:
    """Delivers the same JSON as a broker, between services in one event loop."""

    def __init__(self, pause: Callable[[int], float] = lambda attempt: _jitter(0.05 * 2**attempt)) -> None:
        self._pause = pause
        self._subscriptions: list[_Subscription] = []
        self._deliveries: list[asyncio.Task[None]] = []

    @property
    def connected(self) -> bool:
        return bool(self._deliveries) or not self._subscriptions

    def subscribe(self, service: str, names: Collection[str], receive: Receive) -> None:
        self._subscriptions.append(_Subscription(service, frozenset(names), receive))

    def subscribe_ephemeral(self, service: str, names: Collection[str], receive: Receive) -> None:
        """The same as `subscribe`: nothing here outlives the process."""
        self.subscribe(service, names, receive)

    async def start(self) -> None:
        """Every service of the process calls it; only the first call has an effect."""
        if not self._deliveries:
            self._deliveries = [asyncio.create_task(self._deliver(each)) for each in self._subscriptions]

    async def stop(self) -> None:
        """What was not committed stays in its outbox."""
        deliveries, self._deliveries = self._deliveries, []
        for task in deliveries:
            task.cancel()
        await asyncio.gather(*deliveries, return_exceptions=True)
        for subscription in self._subscriptions:
            while not subscription.queue.empty():
                _settle(subscription.queue.get_nowait()[1], done=False)

    async def queue_lengths(self, service: str) -> dict[str, int]:
        return {"ready": sum(each.queue.qsize() for each in self._subscriptions if each.service == service)}

    async def publish(self, events: Sequence[Event]) -> list[bool]:
        """Wait until all subscribers have committed, or have failed `MAX_ATTEMPTS` times."""
        return await asyncio.gather(*(self._publish(event) for event in events))

    async def _publish(self, event: Event) -> bool:
        subscribers = [each for each in self._subscriptions if event.name in each.names]
        if not subscribers or not self._deliveries:
            return False  # like an unroutable message at a broker: it stays in the outbox
        body = event.to_json()
        outcomes = [asyncio.get_running_loop().create_future() for _ in subscribers]
        for subscriber, outcome in zip(subscribers, outcomes, strict=True):
            await subscriber.queue.put((body, outcome))
        return all(await asyncio.gather(*outcomes))

    async def _deliver(self, subscription: _Subscription) -> None:
        thread = CapacityLimiter(1)
        while True:
            body, outcome = await subscription.queue.get()
            done = False
            try:
                done = await self._try(subscription, Event.from_json(body), thread)
            except DecodeError:
                log.exception("event not decodable", service=subscription.service)
            finally:
                _settle(outcome, done=done)

    async def _try(self, subscription: _Subscription, event: Event, thread: CapacityLimiter) -> bool:
        for attempt in range(MAX_ATTEMPTS):
            try:
                with spans.consume(subscription.service, event.name, event.traceparent):
                    await run_sync_shielded(subscription.receive, event, limiter=thread)
            except Exception:
                metrics.EVENTS_FAILED.labels(subscription.service, event.name).inc()
                log.exception(
                    "event handler failed", service=subscription.service, name=event.name, attempt=attempt + 1
                )
                await asyncio.sleep(self._pause(attempt))
            else:
                metrics.EVENTS_TAKEN_IN.labels(subscription.service, event.name).inc()
                return True
        return False


def _settle(outcome: asyncio.Future[bool], *, done: bool) -> None:
    if not outcome.done():  # the publisher may have stopped waiting
        outcome.set_result(done)


def _jitter(longest: float) -> float:
    return random.uniform(0, longest)  # noqa: S311 - jitter, not a secret
