"""The interface of event buses. Implementations: in memory, and RabbitMQ."""

from collections.abc import Callable, Collection, Sequence
from typing import Protocol

from shared.events.envelope import Event

Receive = Callable[[Event], None]
"""Handles one event, in a thread, and returns only after its commit. If it raises, the event is delivered again."""


class Publisher(Protocol):
    """What a relay needs of a bus."""

    @property
    def connected(self) -> bool:
        """Whether events can be published now."""

    async def publish(self, events: Sequence[Event]) -> list[bool]:
        """Publish; for each event, whether its delivery is guaranteed."""


class Bus(Publisher, Protocol):
    """Delivers each published event to every subscribed service, at least once."""

    async def start(self) -> None:
        """Start delivery. Returns at once, even if the broker is not reachable."""

    async def stop(self) -> None:
        """Finish the events that are being handled, and accept no more."""

    def subscribe(self, service: str, names: Collection[str], receive: Receive) -> None:
        """Subscribe `service` durably to the events of these names. Must be called before `start`."""

    def subscribe_ephemeral(self, service: str, names: Collection[str], receive: Receive) -> None:
        """Subscribe only this process, while it runs; it has to query what it missed. Call before `start`."""

    async def queue_lengths(self, service: str) -> dict[str, int]:
        """Events that wait for `service`: `ready`, and where there is a broker, `retry` and `dead`."""
