"""The seam between the services: announce facts, and hear those of others. Two kinds: in process, and RabbitMQ."""

from collections.abc import Callable, Collection, Sequence
from typing import Protocol

from shared.events.envelope import Event

Receive = Callable[[Event], None]
"""Takes in one fact, in a thread, and returns only after its commit. Raising means: not done, deliver again."""


class Bus(Protocol):
    """Delivers each announced fact to every service that hears it, at least once."""

    @property
    def connected(self) -> bool:
        """Whether facts can be published now."""

    async def start(self) -> None:
        """Begin to deliver. Returns at once, also where the broker is away."""

    async def stop(self) -> None:
        """Finish what is being delivered, take no more."""

    def subscribe(self, service: str, names: Collection[str], receive: Receive) -> None:
        """Let `service` hear the facts of these names; to be called before `start`."""

    def subscribe_ephemeral(self, service: str, names: Collection[str], receive: Receive) -> None:
        """Let this one process hear facts as long as it lives; what it missed it must pull. Before `start`."""

    async def publish(self, events: Sequence[Event]) -> list[bool]:
        """Hand the facts over; for each, whether it is certain that it cannot be lost any more."""
