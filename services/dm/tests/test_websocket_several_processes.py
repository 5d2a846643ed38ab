"""WebSockets with several processes of dm, and with an unavailable broker."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from services.dm import models
from services.dm.app import NAME, create_app
from services.dm.events import ANNOUNCES
from services.dm.settings import Settings
from services.dm.subscriptions import HANDLERS
from shared.database.engine import Database
from shared.events.rabbitmq import RabbitBus
from shared.testing import FakeTokenIssuer, LiveService, Stub, eventually, running_service
from shared.testing.api_client import expect_json
from shared.testing.backends import Backend
from shared.testing.containers import RabbitServer
from shared.testing.websocket_client import Listener, listening

from .api_client import ApiClient
from .factories import deleted, rows_of, some_people

# With one process all sockets are in it.
pytestmark = [pytest.mark.containers, pytest.mark.parametrize("backend", ["cluster"], indirect=True)]
EVERYTHING = {"configure": ".*", "write": ".*", "read": ".*"}


@pytest.fixture
def url(backend: Backend) -> str:
    """The virtual host that all processes share."""
    bus = backend.bus(NAME, HANDLERS, ANNOUNCES)
    assert isinstance(bus, RabbitBus)
    return bus._url


@pytest.fixture
def start(
    url: str, settings: Settings, other_services: Stub, token_issuer: FakeTokenIssuer
) -> Iterator[Callable[[], LiveService]]:
    """Starts another process."""
    with ExitStack() as all_of_them:

        def one_more() -> LiveService:
            app = create_app(settings, RabbitBus(url), other_services.transport)
            app.state.verifier = token_issuer.verifier()
            return all_of_them.enter_context(running_service(app))

        yield one_more


@pytest.fixture
def people(database: Database) -> tuple[int, int]:
    """Two users."""
    one, other = some_people(database, 2)
    return one, other


def ear_of(stack: ExitStack, person: ApiClient) -> Listener:
    """Their open socket at the process to which they are connected."""
    return stack.enter_context(listening(f"{person.service.url}/api/v1/ws", person.token_issuer.token(person.number)))


def test_message_sent_to_one_process_reaches_sockets_of_all(
    start: Callable[[], LiveService], token_issuer: FakeTokenIssuer, people: tuple[int, int]
) -> None:
    first, second = start(), start()
    ada, bob = ApiClient(first, token_issuer, people[0]), ApiClient(second, token_issuer, people[1])
    room = ada.room_with(bob)
    with ExitStack() as stack:
        ears = [ear_of(stack, ada), ear_of(stack, bob), ear_of(stack, ApiClient(second, token_issuer, ada.number))]
        said = [expect_json(who.say(room, f"{number}")) for number, who in enumerate([ada, bob] * 10)]
        for ear in ears:
            heard = [ear.next()["data"] for _ in said]
            assert sorted(heard, key=lambda each: str(each["id"])) == said
        assert first.deliver("user.deleted.v1", deleted(ada.number))
        assert (ears[0].closed(), ears[2].closed()) == (4401, 4401)
        with pytest.raises(TimeoutError):
            ears[1].connection.recv(timeout=0)


def test_sockets_and_rest_work_while_the_broker_is_unavailable(
    start: Callable[[], LiveService],
    token_issuer: FakeTokenIssuer,
    people: tuple[int, int],
    database: Database,
    url: str,
    rabbitmq: RabbitServer,
) -> None:
    service = start()
    ada, bob = (ApiClient(service, token_issuer, number) for number in people)
    room, vhost, management = ada.room_with(bob), url.rpartition("/")[2], rabbitmq.management
    bus = service.app.state.bus
    with ExitStack() as stack:
        ear = ear_of(stack, bob)
        management.delete(f"/permissions/{vhost}/admin").raise_for_status()
        eventually(lambda: hung_up(rabbitmq, vhost) and not bus.connected)
        said = expect_json(ada.say(room, "is anybody there?"))
        assert bob.messages(room) == [said]
        assert ear.next()["data"] == said
        management.put(f"/permissions/{vhost}/admin", json=EVERYTHING).raise_for_status()
        eventually(lambda: bus.connected and not unpublished(database))
        again = expect_json(ada.say(room, "here I am"))
        assert ear.next()["data"] == again  # the event of the first message has not sent it a second time


def unpublished(database: Database) -> list[int]:
    """The events that the broker does not have yet."""
    return [row.id for row in rows_of(database, models.outbox) if row.published_at is None]


def hung_up(rabbitmq: RabbitServer, vhost: str) -> bool:
    """Make the broker close every connection of this virtual host."""
    found = rabbitmq.management.get(f"/vhosts/{vhost}/connections").json()
    for each in found:
        rabbitmq.management.delete(f"/connections/{each['name']}")
    return True
