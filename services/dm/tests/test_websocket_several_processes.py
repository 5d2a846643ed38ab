"""Listening where there are several processes of dm, and where the broker between them comes and goes."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from services.dm.app import NAME, create_app
from services.dm.events import ANNOUNCES
from services.dm.settings import Settings
from services.dm.subscriptions import HANDLERS
from shared.database.engine import Database
from shared.events.rabbitmq import RabbitBus
from shared.testing import Minter, Running, Stub, eventually, running_service
from shared.testing.backends import Home
from shared.testing.containers import RabbitServer
from shared.testing.websocket_client import Listener, listening

from .api_client import Asker, made
from .factories import deleted, some_people

# In one process nobody is apart.
pytestmark = [pytest.mark.containers, pytest.mark.parametrize("home", ["cluster"], indirect=True)]
EVERYTHING = {"configure": ".*", "write": ".*", "read": ".*"}


@pytest.fixture
def url(home: Home) -> str:
    """The virtual host that all processes share."""
    bus = home.bus(NAME, HANDLERS, ANNOUNCES)
    assert isinstance(bus, RabbitBus)
    return bus._url


@pytest.fixture
def start(url: str, settings: Settings, neighbours: Stub, minter: Minter) -> Iterator[Callable[[], Running]]:
    """Starts one more process."""
    with ExitStack() as all_of_them:

        def one_more() -> Running:
            app = create_app(settings, RabbitBus(url), neighbours.transport)
            app.state.verifier = minter.verifier()
            return all_of_them.enter_context(running_service(app))

        yield one_more


@pytest.fixture
def people(database: Database) -> tuple[int, int]:
    """Two of them."""
    one, other = some_people(database, 2)
    return one, other


def ear_of(stack: ExitStack, person: Asker) -> Listener:
    """Their open socket at the process that they are connected to."""
    return stack.enter_context(listening(f"{person.dm.url}/api/v1/ws", person.minter.token(person.number)))


def test_what_is_said_at_one_is_heard_at_each(
    start: Callable[[], Running], minter: Minter, people: tuple[int, int]
) -> None:
    here, there = start(), start()
    ada, bob = Asker(here, minter, people[0]), Asker(there, minter, people[1])
    room = ada.room_with(bob)
    with ExitStack() as stack:
        ears = [ear_of(stack, ada), ear_of(stack, bob), ear_of(stack, Asker(there, minter, ada.number))]
        said = [made(who.say(room, f"{number}")) for number, who in enumerate([ada, bob] * 10)]
        for ear in ears:
            heard = [ear.next()["data"] for _ in said]
            assert sorted(heard, key=lambda each: str(each["id"])) == said
        assert here.hears("user.deleted.v1", deleted(ada.number))
        assert (ears[0].closed(), ears[2].closed()) == (4401, 4401)
        with pytest.raises(TimeoutError):
            ears[1].connection.recv(timeout=0)


def test_while_the_broker_is_away_sockets_stay_open_and_messages_are_read_by_rest(
    start: Callable[[], Running], minter: Minter, people: tuple[int, int], url: str, rabbitmq: RabbitServer
) -> None:
    service = start()
    ada, bob = (Asker(service, minter, number) for number in people)
    room, vhost, management = ada.room_with(bob), url.rpartition("/")[2], rabbitmq.management
    bus = service.app.state.bus
    with ExitStack() as stack:
        ear = ear_of(stack, bob)
        management.delete(f"/permissions/{vhost}/admin").raise_for_status()
        eventually(lambda: hung_up(rabbitmq, vhost) and not bus.connected)
        said = made(ada.say(room, "is anybody there?"))
        assert bob.messages(room) == [said]
        with pytest.raises(TimeoutError):
            ear.connection.recv(timeout=0)
        management.put(f"/permissions/{vhost}/admin", json=EVERYTHING).raise_for_status()
        eventually(lambda: bus.connected)
        assert ear.next()["data"] == said
        again = made(ada.say(room, "here I am"))
        assert ear.next()["data"] == again


def hung_up(rabbitmq: RabbitServer, vhost: str) -> bool:
    """Let the broker end every connection of this virtual host."""
    found = rabbitmq.management.get(f"/vhosts/{vhost}/connections").json()
    for each in found:
        rabbitmq.management.delete(f"/connections/{each['name']}")
    return True
