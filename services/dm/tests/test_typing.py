"""Typing: relayed to the other user of an accepted conversation, not too often, and stored nowhere."""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest

from services.dm import models
from services.dm.app import NAME, create_app
from services.dm.events import ANNOUNCES
from services.dm.settings import Settings
from services.dm.subscriptions import HANDLERS
from shared.database.engine import Database
from shared.events.rabbitmq import RabbitBus
from shared.testing import FakeTokenIssuer, LiveService, Stub, outbox_events, running_service
from shared.testing.api_client import expect_json
from shared.testing.backends import Backend
from shared.testing.websocket_client import Listener, listening

from .api_client import ApiClient
from .conftest import OtherServices
from .factories import NOTHING, registered, some_people
from .test_restrictions import block


@contextmanager
def ear_of(person: ApiClient) -> Iterator[Listener]:
    with listening(f"{person.service.url}/api/v1/ws", person.token_issuer.token(person.number)) as ear:
        yield ear


def type_in(ear: Listener, room: str) -> None:
    ear.connection.send(json.dumps({"event": "typing", "data": {"room_id": room}}))


def typing(person: ApiClient, room: str) -> dict[str, Any]:
    return {"event": "typing", "data": {"room_id": room, "user_id": person.id}}


def test_typing_reaches_every_socket_of_the_other_and_is_stored_nowhere(
    jo: ApiClient, max_: ApiClient, room: str, database: Database
) -> None:
    with ear_of(jo) as mine, ear_of(jo) as elsewhere, ear_of(max_) as one, ear_of(max_) as two:
        type_in(mine, room)
        assert one.next() == two.next() == typing(jo, room)
        said = expect_json(max_.say(room, "what?"))
        for ear in (mine, elsewhere):
            assert ear.next()["data"] == said, "one's own typing is not sent back"
    assert [name for name, _ in outbox_events(database, models.outbox)] == ["message.sent.v1"]


def test_signals_for_a_room_that_come_within_three_seconds_are_dropped(
    dm: LiveService, jo: ApiClient, max_: ApiClient, room: str, database: Database
) -> None:
    third = ApiClient(dm, jo.token_issuer, *some_people(database, 1))
    other = jo.room_with(third)
    with ear_of(jo) as mine, ear_of(max_) as theirs, ear_of(third) as thirds:
        for _ in range(3):
            type_in(mine, room)
        type_in(mine, other)  # taken after the others
        assert thirds.next() == typing(jo, other)
        expect_json(jo.say(room, "there"))
        assert [theirs.next()["event"] for _ in range(2)] == ["typing", "message.created"]
        dm.loop.shift(3)
        type_in(mine, room)
        assert theirs.next() == typing(jo, room)


def to_someone_who_does_not_follow(jo: ApiClient, max_: ApiClient, others: OtherServices) -> str:
    others.following = False
    return jo.room_with(max_)


def to_a_blocked(jo: ApiClient, max_: ApiClient, _: OtherServices) -> str:
    room = jo.room_with(max_)
    block(jo.service, max_, jo)
    return room


def to_a_suspended(jo: ApiClient, max_: ApiClient, _: OtherServices) -> str:
    room = jo.room_with(max_)
    assert jo.service.deliver("user.updated.v1", registered(max_.number, 2, suspended=True))
    return room


def to_nobody(_jo: ApiClient, _max: ApiClient, _: OtherServices) -> str:
    return NOTHING


@pytest.mark.parametrize("closed", [to_someone_who_does_not_follow, to_a_blocked, to_a_suspended, to_nobody])
def test_typing_is_relayed_only_in_a_conversation_that_both_have_accepted(
    jo: ApiClient,
    max_: ApiClient,
    database: Database,
    other_services: OtherServices,
    closed: Callable[[ApiClient, ApiClient, OtherServices], str],
) -> None:
    third = ApiClient(jo.service, jo.token_issuer, *some_people(database, 1))
    open_room = third.room_with(jo)
    room = closed(jo, max_, other_services)
    with ear_of(jo) as mine, ear_of(max_) as theirs, ear_of(third) as thirds:
        type_in(mine, room)
        type_in(mine, open_room)
        assert thirds.next() == typing(jo, open_room), "the socket stays open, and the signal before was taken"
        with pytest.raises(TimeoutError):
            theirs.connection.recv(timeout=0)


@pytest.mark.containers
@pytest.mark.parametrize("backend", ["cluster"], indirect=True)
def test_typing_reaches_sockets_of_other_processes(
    backend: Backend, settings: Settings, other_services: Stub, token_issuer: FakeTokenIssuer, database: Database
) -> None:
    bus = backend.bus(NAME, HANDLERS, ANNOUNCES)
    assert isinstance(bus, RabbitBus)
    with ExitStack() as processes:
        services = []
        for _ in range(2):
            app = create_app(settings, RabbitBus(bus._url), other_services.transport)
            app.state.verifier = token_issuer.verifier()
            services.append(processes.enter_context(running_service(app)))
        first, second = (
            ApiClient(service, token_issuer, number)
            for service, number in zip(services, some_people(database, 2), strict=True)
        )
        room = first.room_with(second)
        with ear_of(first) as mine, ear_of(second) as theirs:
            type_in(mine, room)
            assert theirs.next() == typing(first, room)
