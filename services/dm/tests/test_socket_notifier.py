"""A message comes to the sockets of a process by its commit and by its event, and is sent once."""

import json
from collections.abc import Iterable

import pytest

from services.dm import queries, socket_notifier
from services.dm.actions import own_side
from services.dm.signed_urls import UrlSigner
from services.dm.socket_notifier import SocketNotifier
from shared.database.engine import Database
from shared.websockets.hub import Hub

from .factories import request_to, room_of, say, some_people

Sent = list[tuple[tuple[int, ...], str, str]]


class RecordingHub(Hub):
    """With listeners, but without sockets."""

    def __init__(self, *, listens: bool = True) -> None:
        super().__init__("dm", 1, 1)
        self.listens = listens
        self.sent: Sent = []

    def has_listeners(self, *_: int) -> bool:
        return self.listens

    def send_to(self, subjects: Iterable[int], text: str) -> None:
        event = json.loads(text)
        self.sent.append((tuple(subjects), event["event"], event["data"]["text"]))


@pytest.fixture
def hub() -> RecordingHub:
    return RecordingHub()


@pytest.fixture
def notifier(hub: RecordingHub, database: Database, url_signer: UrlSigner) -> SocketNotifier:
    return SocketNotifier(hub, database, url_signer)


@pytest.fixture
def both(database: Database) -> tuple[int, int]:
    one, other = some_people(database, 2)
    return one, other


def test_message_is_sent_once_whichever_way_is_first(
    notifier: SocketNotifier, hub: RecordingHub, database: Database, url_signer: UrlSigner, both: tuple[int, int]
) -> None:
    room = room_of(database, *both)
    for event_first, text in ((False, "one"), (True, "two")):
        message_id = say(database, both[0], room, text)
        message = database.read(queries.sent_message, room, message_id, url_signer)
        if event_first:
            notifier.send_message(message_id, room, both)
        notifier.send_new_message(message_id, both, message)
        if not event_first:
            notifier.send_message(message_id, room, both)
    assert hub.sent == [(both, "message.created", "one"), (both, "message.created", "two")]


def test_event_of_another_process_sends_the_message(
    notifier: SocketNotifier, hub: RecordingHub, database: Database, both: tuple[int, int]
) -> None:
    room = room_of(database, *both)
    notifier.send_message(say(database, both[0], room, "hi"), room, both)
    assert hub.sent == [(both, "message.created", "hi")]


def test_message_without_a_listener_is_left_to_its_event(
    notifier: SocketNotifier, hub: RecordingHub, database: Database, url_signer: UrlSigner, both: tuple[int, int]
) -> None:
    room = room_of(database, *both)
    message_id = say(database, both[0], room, "hi")
    hub.listens = False
    notifier.send_new_message(message_id, both, database.read(queries.sent_message, room, message_id, url_signer))
    hub.listens = True  # somebody has connected meanwhile
    notifier.send_message(message_id, room, both)
    assert hub.sent == [(both, "message.created", "hi")]


def test_remembered_messages_are_bounded(notifier: SocketNotifier, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket_notifier, "MAX_REMEMBERED", 3)
    for message_id in range(10):
        notifier.send_new_message(message_id, (1, 2), {"text": "x"})
    assert list(notifier._sent_once) == [7, 8, 9]


def test_message_of_a_declined_request_is_sent_to_its_sender_only(
    notifier: SocketNotifier, hub: RecordingHub, database: Database, both: tuple[int, int]
) -> None:
    room = request_to(database, *both)
    say(database, both[0], room, "hello")
    database.write(own_side.decline, both[1], room)
    notifier.send_message(say(database, both[0], room, "hello?"), room, both)
    assert hub.sent == [(both[:1], "message.created", "hello?")]
