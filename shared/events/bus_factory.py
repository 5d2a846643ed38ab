"""Chooses the implementation of the event bus by BROKER_URL."""

from shared.events.bus import Bus
from shared.events.in_memory import InMemoryBus
from shared.events.rabbitmq import RabbitBus


def create_bus(url: str) -> Bus:
    """The bus for this URL, not yet started. Raises ValueError for an unsupported scheme."""
    scheme = url.partition("://")[0]
    if scheme == "memory":
        return InMemoryBus()
    if scheme in ("amqp", "amqps"):
        return RabbitBus(url)
    raise ValueError(f"BROKER_URL {scheme}:// is not supported; it is memory:// or amqp://user:password@host/")
