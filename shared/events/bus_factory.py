"""Which bus a process uses: BROKER_URL decides."""

from shared.events.bus import Bus
from shared.events.in_memory import InMemoryBus
from shared.events.rabbitmq import RabbitBus


def create_bus(url: str) -> Bus:
    """The bus at this address, not yet started. Raises ValueError for an address of no bus that we have."""
    scheme = url.partition("://")[0]
    if scheme == "memory":
        return InMemoryBus()
    if scheme in ("amqp", "amqps"):
        return RabbitBus(url)
    raise ValueError(f"BROKER_URL {scheme}:// is not supported; it is memory:// or amqp://user:password@host/")
