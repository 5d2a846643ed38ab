"""The WebSocket of dm: which events each user receives, and when it is closed."""

import asyncio
import json
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest

from services.dm.api.dependencies import Dependencies
from services.dm.app import create_app
from services.dm.settings import Settings
from shared.database.engine import Database
from shared.events.bus import Bus
from shared.testing import FakeTokenIssuer, LiveService, Stub, eventually, running_service
from shared.testing.api_client import expect_json
from shared.testing.waiting import WAIT_SECONDS
from shared.testing.websocket_client import Listener, listening, refused_handshake
from shared.websockets import hub

from .api_client import ApiClient
from .factories import NOTHING, deleted, some_people

Pair = tuple[ApiClient, ApiClient]


@pytest.fixture
def pair(dm: LiveService, token_issuer: FakeTokenIssuer, database: Database) -> Pair:
    """Two users."""
    one, other = some_people(database, 2)
    return ApiClient(dm, token_issuer, one), ApiClient(dm, token_issuer, other)


@contextmanager
def ear_of(person: ApiClient, **claims: Any) -> Iterator[Listener]:
    """Their open socket."""
    with listening(f"{person.service.url}/api/v1/ws", person.token_issuer.token(person.number, **claims)) as ear:
        yield ear


def test_both_members_receive_messages_and_read_marks_on_every_socket(pair: Pair) -> None:
    ada, bob = pair
    room = ada.room_with(bob)
    with ear_of(ada) as one, ear_of(ada) as two, ear_of(bob) as three:
        said = expect_json(ada.say(room, "Lunch?"))
        ears = one, two, three
        assert [ear.next() for ear in ears] == [{"event": "message.created", "data": said}] * 3
        bob.read(room, said["id"])
        read = {"room_id": room, "user_id": bob.id, "message_id": said["id"]}
        assert [ear.next() for ear in ears] == [{"event": "room.read", "data": read}] * 3


def test_socket_event_equals_the_message_read_by_rest(pair: Pair) -> None:
    ada, bob = pair
    room = ada.room_with(bob)
    with ear_of(bob) as ear:
        shown = expect_json(ada.show(room))
        assert ear.next()["data"] == shown
        quoted = expect_json(ada.say(room, "there", reply_to=shown["id"]))
        assert ear.next()["data"] == quoted


def test_repeated_read_mark_sends_no_event(pair: Pair) -> None:
    ada, bob = pair
    room = ada.room_with(bob)
    first, second = expect_json(ada.say(room, "one")), expect_json(ada.say(room, "two"))
    with ear_of(ada) as ear:
        for message in (second, first, second):
            bob.read(room, message["id"])
        third = expect_json(bob.say(room, "three"))
        bob.read(room, third["id"])
        read = []
        while third["id"] not in read:
            event = ear.next()
            if event["event"] == "room.read":
                read.append(event["data"]["message_id"])
    assert read == [second["id"], third["id"]]


def test_other_users_receive_nothing(pair: Pair, token_issuer: FakeTokenIssuer, database: Database) -> None:
    ada, bob = pair
    eve = ApiClient(ada.service, token_issuer, some_people(database, 1)[0])
    room, own = ada.room_with(bob), eve.room_with(bob)
    with ear_of(eve) as ear:
        expect_json(ada.say(room, "between us"))
        ours = expect_json(eve.say(own, "with her"))
        assert ear.next()["data"] == ours


def test_token_is_accepted_as_a_subprotocol(dm: LiveService, token_issuer: FakeTokenIssuer) -> None:
    with listening(f"{dm.url}/api/v1/ws", subprotocols=["bearer", token_issuer.token(1)]) as ear:
        assert ear.connection.subprotocol == "bearer"


def test_socket_requires_a_valid_token(dm: LiveService, token_issuer: FakeTokenIssuer) -> None:
    url, token = f"{dm.url}/api/v1/ws", token_issuer.token(1)
    refused = 401, "invalid_token"
    assert refused_handshake(url) == refused
    assert refused_handshake(url, token="nonsense") == refused
    assert refused_handshake(url, token=token_issuer.token(1, exp=int(time.time()) - 60)) == refused
    assert refused_handshake(f"{url}?access_token={token}") == (422, "unknown_parameter")
    assert refused_handshake(url, subprotocols=["bearer", "nonsense"]) == refused
    assert refused_handshake(url, subprotocols=[token]) == refused


def test_plain_request_gets_upgrade_required(dm: LiveService, token_issuer: FakeTokenIssuer) -> None:
    answer = dm.client.get("/api/v1/ws", headers=token_issuer.bearer(1))
    assert (answer.status_code, answer.json()["code"]) == (426, "upgrade_required")
    assert (answer.headers["upgrade"], answer.headers["connection"]) == ("websocket", "upgrade")
    assert dm.client.get("/api/v1/ws").status_code == 401


def test_socket_closes_when_its_token_expires(dm: LiveService, token_issuer: FakeTokenIssuer) -> None:
    person = ApiClient(dm, token_issuer, 7)
    with ear_of(person, exp=int(time.time()) + 600) as ear:
        dm.loop.shift(600)
        assert ear.closed() == 4401


def test_withdrawn_user_receives_nothing(pair: Pair) -> None:
    ada, bob = pair
    with ear_of(ada) as hers, ear_of(bob) as his:
        assert ada.service.deliver("user.deleted.v1", deleted(ada.number))
        assert hers.closed() == 4401
        with pytest.raises(TimeoutError):
            his.connection.recv(timeout=0)


def test_open_sockets_are_bounded(dm: LiveService, token_issuer: FakeTokenIssuer, settings: Settings) -> None:
    parts: Dependencies = dm.app.state.dependencies
    parts.notifier.sockets._most_each, parts.notifier.sockets._most = 2, 3
    url, mine, other = f"{dm.url}/api/v1/ws", token_issuer.token(1), token_issuer.token(2)
    with ExitStack() as stack:
        first = stack.enter_context(listening(url, mine))
        stack.enter_context(listening(url, mine))
        assert refused_handshake(url, token=mine) == (429, "too_many_sockets")
        stack.enter_context(listening(url, other))
        assert refused_handshake(url, token=other) == (503, "sockets_exhausted")
        first.connection.close()
        eventually(lambda: parts.notifier.sockets.count == 2)
        stack.enter_context(listening(url, mine))
    eventually(lambda: parts.notifier.sockets.count == 0)


def test_client_with_a_full_queue_is_disconnected(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "MAX_QUEUED_TEXTS", 3)
    ada, _ = pair
    parts: Dependencies = ada.service.app.state.dependencies

    async def too_much_at_once() -> None:
        parts.notifier.sockets._deliver((ada.number,) * 4, "x")

    with ear_of(ada) as ear:
        asyncio.run_coroutine_threadsafe(too_much_at_once(), ada.service.loop).result(WAIT_SECONDS)
        assert ear.closed() == 4408


def test_client_that_sends_data_is_disconnected(pair: Pair) -> None:
    typing: dict[str, object] = {"event": "typing", "data": {"room_id": NOTHING}}
    changes: list[dict[str, object]] = [{"event": "x"}, {"data": {}}, {"more": 1}]
    for wrong in ("hello", "1", "[]", *(json.dumps(typing | change) for change in changes)):
        with ear_of(pair[0]) as ear:
            ear.connection.send(wrong)
            assert ear.closed() == 1008
    with ear_of(pair[0]) as ear:
        ear.connection.send("x" * 5_000)
        assert ear.closed() in (1008, 1009)


def test_shutdown_asks_clients_to_reconnect(
    settings: Settings, bus: Bus, other_services: Stub, token_issuer: FakeTokenIssuer
) -> None:
    app = create_app(settings, bus, other_services.transport)
    app.state.verifier = token_issuer.verifier()
    with ExitStack() as process, ExitStack() as outside:
        service = process.enter_context(running_service(app))
        ear = outside.enter_context(listening(f"{service.url}/api/v1/ws", token_issuer.token(1)))
        process.close()
        assert ear.closed() == 1012
