"""A restarted broker: the bus reports the outage, and reconnects by itself."""

import asyncio
import subprocess
from collections.abc import Iterator

import pytest
from anyio import to_thread

from shared.testing.containers import RabbitServer, start_rabbitmq
from shared.testing.docker import remove_container
from shared.testing.ports import free_port
from shared.testing.waiting import WAIT_SECONDS
from shared.tests.event_buses import THING, RabbitBuses, RecordingSubscriber, connected, happened, soon

pytestmark = pytest.mark.containers


@pytest.fixture
def own_broker() -> Iterator[tuple[str, RabbitServer]]:
    """A broker for this test only: its container, and its address."""
    started = start_rabbitmq(free_port(), free_port())
    broker = RabbitServer(*started["address"])
    yield started["container"], broker
    broker.management.close()
    remove_container(started)


def test_restarted_broker_is_reconnected_with_all_confirmed_events(
    own_broker: tuple[str, RabbitServer],
) -> None:
    container, server = own_broker
    buses, go_on, ear = RabbitBuses(server), False, RecordingSubscriber(fails=lambda *_: not go_on)
    before, during, after = happened(), happened(), happened()

    async def scenario() -> None:
        nonlocal go_on
        async with connected(buses, ear=(THING, ear.receive)) as bus:
            assert await bus.publish([before]) == [True]
            await soon(lambda: ear.asked[before.id])
            await to_thread.run_sync(docker, "stop", "--time=5", container)
            await soon(lambda: not bus.connected and not buses.bus("ear").connected)
            assert await bus.publish([during]) == [False]
            await to_thread.run_sync(docker, "start", container)
            go_on = True
            await soon(lambda: bus.connected and buses.bus("ear").connected)
            assert await bus.publish([after]) == [True]
            await soon(lambda: {each.id for each in ear.heard} == {before.id, after.id})

    asyncio.run(asyncio.wait_for(scenario(), WAIT_SECONDS))


def docker(*words: str) -> None:
    subprocess.run(["docker", *words], check=True, capture_output=True, timeout=WAIT_SECONDS)
