"""Connects the services of a test by each kind of bus, and a proxy to the broker whose connections can be cut."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Collection, Coroutine, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any, Protocol

import aio_pika
from anyio import to_thread

from shared import clock, ids
from shared.events.bus import Bus, Receive
from shared.events.envelope import Event
from shared.events.in_memory import InMemoryBus
from shared.events.rabbitmq import RabbitBus
from shared.events.topology import ServiceTopology
from shared.testing import eventually
from shared.testing.containers import RabbitServer
from shared.testing.listeners import stop_accepting
from shared.testing.vhosts import create_vhost
from shared.testing.waiting import WAIT_SECONDS

THING = {"thing.happened.v1"}


class EventBuses(Protocol):
    """How the services of a test are connected."""

    def declare(self, consumes: Mapping[str, Collection[str]], /) -> None:
        """To be called first: the services, and the events that each consumes."""

    def bus(self, service: str, /) -> Bus:
        """The bus of this service."""


class InMemoryBuses:
    """All services share one bus."""

    def __init__(self) -> None:
        self._bus = InMemoryBus(lambda _: 0)

    def declare(self, _hears: Mapping[str, Collection[str]], /) -> None:
        """Nothing to prepare."""

    def bus(self, _service: str, /) -> Bus:
        """The same bus for all."""
        return self._bus


class RabbitBuses:
    """Each service has its own connection to one virtual host."""

    def __init__(self, server: RabbitServer) -> None:
        self._server = server
        self._buses: dict[str, RabbitBus] = {}
        self.management = server.management
        self.vhost = ""

    @property
    def url(self) -> str:
        """The URL of the virtual host."""
        return self._server.url(self.vhost)

    def declare(self, consumes: Mapping[str, Collection[str]], /) -> None:
        """Load the definitions, as an operator does."""
        self.vhost = create_vhost(
            self._server, {service: ServiceTopology((), names) for service, names in consumes.items()}
        )

    def bus(self, service: str, /, who: str = "admin") -> RabbitBus:
        """A new connection."""
        return self._buses.setdefault(service, RabbitBus(self._server.url(self.vhost, who)))

    def put_off_shortly(self) -> None:
        """Shorten the delay of retries: of two TTLs the shorter one counts."""
        policy = {"pattern": r".*\.retry\..*", "definition": {"message-ttl": 100}, "apply-to": "queues"}
        self.management.put(f"/policies/{self.vhost}/soon", json=policy).raise_for_status()

    async def waiting_in(self, queue: str) -> int:
        """The number of undelivered messages in this queue."""
        async with await aio_pika.connect(self._server.url(self.vhost), timeout=WAIT_SECONDS) as connection:
            channel = await connection.channel()
            return (await channel.declare_queue(queue, passive=True)).declaration_result.message_count or 0

    async def put(self, queue: str, *bodies: bytes) -> None:
        """Publish these messages to a queue."""
        async with await aio_pika.connect(self._server.url(self.vhost), timeout=WAIT_SECONDS) as connection:
            exchange = (await connection.channel()).default_exchange
            for body in bodies:
                await exchange.publish(aio_pika.Message(body), routing_key=queue)

    def remove(self) -> None:
        """Delete it with its content."""
        if self.vhost:
            self.management.delete(f"/vhosts/{self.vhost}").raise_for_status()


class TcpProxy:
    """Forwards a port to the broker; its connections can be dropped at any moment."""

    def __init__(self, address: tuple[str, int]) -> None:
        self._to = address
        self._ends: list[asyncio.StreamWriter] = []
        self._carrying: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def declare(self) -> tuple[str, int]:
        """The address of the proxy."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        host, port = self._server.sockets[0].getsockname()
        return host, port

    def drop_connections(self) -> None:
        """Abort all connections; later ones are forwarded again."""
        for end in self._ends:
            end.transport.abort()
        self._ends.clear()

    async def remove(self) -> None:
        """Stop the proxy, and close every connection, also one whose way to the broker is not open yet."""
        if self._server is not None:
            await stop_accepting(self._server.sockets)
            self._server.close()
        for task in self._carrying:
            task.cancel()
        await asyncio.gather(*self._carrying, return_exceptions=True)
        self.drop_connections()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._ends.append(writer)
        task = asyncio.create_task(self._carry(reader, writer))
        self._carrying.add(task)
        task.add_done_callback(self._carrying.discard)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            far_reader, far_writer = await asyncio.open_connection(*self._to)
            self._ends.append(far_writer)
            await asyncio.gather(_pump(reader, far_writer), _pump(far_reader, writer))


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.close()


class RecordingSubscriber:
    """A subscriber that records the events it has handled, and fails when told to."""

    def __init__(self, fails: Callable[[Event, int], bool] = lambda *_: False) -> None:
        self.heard: list[Event] = []
        self.asked: Counter[int] = Counter()
        self._fails = fails

    def receive(self, event: Event) -> None:
        """Handle the event, or raise."""
        self.asked[event.id] += 1
        if self._fails(event, self.asked[event.id]):
            raise RuntimeError("not now")
        self.heard.append(event)


def happened(name: str = "thing.happened", **data: Any) -> Event:
    """A sample event."""
    return Event(ids.new(), name, 1, clock.now(), None, data)


async def soon(condition: Callable[[], object]) -> None:
    """Wait for the condition while the loop runs."""
    await to_thread.run_sync(eventually, condition)


@asynccontextmanager
async def connected(wires: EventBuses, **ears: tuple[Collection[str], Receive]) -> AsyncIterator[Bus]:
    """A bus that only publishes, while these services are subscribed."""
    wires.declare({service: names for service, (names, _) in ears.items()})
    for service, (names, receive) in ears.items():
        wires.bus(service).subscribe(service, names, receive)
    buses = {id(bus): bus for bus in (wires.bus(service) for service in [*ears, "publisher"])}
    for bus in buses.values():
        await bus.start()
    await soon(lambda: all(bus.connected for bus in buses.values()))
    yield wires.bus("publisher")
    for bus in buses.values():
        await bus.stop()


def run(scenario: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(scenario, WAIT_SECONDS))
