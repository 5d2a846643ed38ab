"""The queues and permissions of each service, loaded as an operator loads them."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import aio_pika
import pytest
from aio_pika.abc import AbstractChannel
from aiormq.exceptions import ChannelAccessRefused

from shared.events.rabbitmq import RabbitBus
from shared.events.topology import EXCHANGE, ServiceTopology, permissions
from shared.testing.containers import PASSWORD, RabbitServer
from shared.testing.vhosts import create_vhost, load_definitions
from shared.testing.waiting import WAIT_SECONDS
from shared.tests.event_buses import RabbitBuses, RecordingSubscriber, happened, run, soon

pytestmark = pytest.mark.containers
MEMBERS = {
    "one": ServiceTopology({"one.happened.v1"}, {"other.happened.v1"}),
    "other": ServiceTopology({"other.happened.v1"}, {"one.happened.v1"}),
    "listener": ServiceTopology(consumes_ephemeral={"one.happened.v1"}),
    "both": ServiceTopology({"both.happened.v1"}, {"one.happened.v1"}, {"both.happened.v1"}),
}


@pytest.fixture
def buses(rabbitmq: RabbitServer) -> Iterator[RabbitBuses]:
    """A virtual host with these services, each with its own user."""
    on_broker = RabbitBuses(rabbitmq)
    on_broker.vhost = create_vhost(rabbitmq, MEMBERS)
    rights, management = permissions(MEMBERS, on_broker.vhost), rabbitmq.management
    for name in MEMBERS:
        management.put(f"/users/{name}", json={"password": PASSWORD, "tags": ""}).raise_for_status()
    for kind, address in (("permissions", "permissions"), ("topic_permissions", "topic-permissions")):
        for each in rights[kind]:
            management.put(f"/{address}/{on_broker.vhost}/{each['user']}", json=each).raise_for_status()
    yield on_broker
    on_broker.remove()


Deed = Callable[[AbstractChannel], Awaitable[Any]]


def publish(name: str, exchange: str = EXCHANGE) -> Deed:
    async def deed(channel: AbstractChannel) -> None:
        there = await channel.get_exchange(exchange, ensure=False)
        await there.publish(aio_pika.Message(b"{}"), routing_key=name, timeout=WAIT_SECONDS)

    return deed


def read(queue: str) -> Deed:
    async def deed(channel: AbstractChannel) -> None:
        await (await channel.get_queue(queue, ensure=False)).get(fail=False, timeout=WAIT_SECONDS)

    return deed


def declare(queue: str) -> Deed:
    return lambda channel: channel.declare_queue(queue, durable=True, timeout=WAIT_SECONDS)


def bind(queue: str, name: str) -> Deed:
    async def deed(channel: AbstractChannel) -> None:
        await (await channel.get_queue(queue, ensure=False)).bind(EXCHANGE, routing_key=name, timeout=WAIT_SECONDS)

    return deed


async def does(rabbitmq: RabbitServer, buses: RabbitBuses, who: str, deed: Deed) -> None:
    async with await aio_pika.connect(rabbitmq.url(buses.vhost, who), timeout=WAIT_SECONDS) as connection:
        await deed(await connection.channel(publisher_confirms=True, on_return_raises=True))


@pytest.mark.parametrize(
    ("who", "deed"),
    [
        ("one", publish("one.happened.v1")),
        ("one", publish("dead", "one.retries")),
        ("one", read("one")),
        ("one", read("one.dead")),
        ("other", publish("other.happened.v1")),
        ("both", read("both")),
        ("both", publish("dead", "both.retries")),
    ],
)
def test_service_may_use_its_own_resources(rabbitmq: RabbitServer, buses: RabbitBuses, who: str, deed: Deed) -> None:
    run(does(rabbitmq, buses, who, deed))


@pytest.mark.parametrize(
    ("who", "deed"),
    [
        ("one", publish("other.happened.v1")),
        ("one", publish("one.happened.v2")),
        ("one", publish("other", "")),
        ("one", publish("dead", "other.retries")),
        ("one", read("other")),
        ("one", read("other.dead")),
        ("one", declare("mine")),
        ("one", bind("one", "one.happened.v1")),
        ("listener", publish("one.happened.v1")),
        ("listener", read("one")),
        ("listener", declare("mine")),
        ("both", publish("one.happened.v1")),
        ("both", read("one")),
        ("both", declare("mine")),
        ("both", bind("both", "one.happened.v1")),
    ],
)
def test_service_may_use_nothing_else(rabbitmq: RabbitServer, buses: RabbitBuses, who: str, deed: Deed) -> None:
    with pytest.raises(ChannelAccessRefused):
        run(does(rabbitmq, buses, who, deed))


def test_events_and_broadcasts_are_delivered_with_minimal_rights(rabbitmq: RabbitServer, buses: RabbitBuses) -> None:
    other, listener = RecordingSubscriber(), RecordingSubscriber()

    async def scenario() -> None:
        by_name = {name: buses.bus(name, who=name) for name in MEMBERS}
        by_name["other"].subscribe("other", {"one.happened.v1"}, other.receive)
        by_name["listener"].subscribe_ephemeral("listener", {"one.happened.v1"}, listener.receive)
        for bus in by_name.values():
            await bus.start()
        await soon(lambda: all(bus.connected for bus in by_name.values()))
        assert await by_name["one"].publish([happened("one.happened")]) == [True]
        assert await by_name["one"].publish([happened("other.happened")]) == [False]
        await soon(lambda: other.heard and listener.heard)
        for bus in by_name.values():
            await bus.stop()

    run(scenario())


def test_service_may_receive_broadcasts_in_every_process_and_queue_events_in_one(
    rabbitmq: RabbitServer, buses: RabbitBuses
) -> None:
    first, second, together = RecordingSubscriber(), RecordingSubscriber(), RecordingSubscriber()

    async def scenario() -> None:
        replicas = [RabbitBus(rabbitmq.url(buses.vhost, "both")) for _ in range(2)]
        for bus, ear in zip(replicas, (first, second), strict=True):
            bus.subscribe("both", {"one.happened.v1"}, together.receive)
            bus.subscribe_ephemeral("both", {"both.happened.v1"}, ear.receive)
        one = buses.bus("one", who="one")
        for bus in (*replicas, one):
            await bus.start()
        await soon(lambda: all(bus.connected for bus in (*replicas, one)))
        said = [happened("both.happened", number=each) for each in range(20)]
        assert await replicas[0].publish(said) == [True] * 20
        assert await one.publish([happened("one.happened")]) == [True]
        await soon(lambda: len(first.heard) == len(second.heard) == 20 and together.heard)
        assert first.heard == second.heard == said, "in the order in which they were said"
        for bus in (*replicas, one):
            await bus.stop()

    run(scenario())
    assert len(together.heard) == 1


def test_loading_definitions_again_changes_nothing(rabbitmq: RabbitServer, buses: RabbitBuses) -> None:
    def held() -> Any:
        definitions = rabbitmq.management.get(f"/definitions/{buses.vhost}").json()
        return {kind: sorted(map(str, things)) for kind, things in definitions.items() if isinstance(things, list)}

    async def scenario() -> None:
        await buses.put("one", b"{}", b"{}")
        before = held()
        load_definitions(rabbitmq, buses.vhost, MEMBERS)
        assert held() == before
        async with asyncio.timeout(WAIT_SECONDS):
            while await buses.waiting_in("one") != 2:
                pass

    run(scenario())
