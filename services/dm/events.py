"""The events that dm publishes, each in the transaction that it reports; only `room_typing` is not stored."""

from typing import Literal

from sqlalchemy import Connection

from shared import clock, ids
from shared.events.envelope import Event
from shared.events.outbox import enqueue

from . import models

# Everything that the broker lets this service publish.
ANNOUNCES = (
    "message.removed.v1",
    "message.sent.v1",
    "room.read.v1",
    "room.requested.v1",
    "room.typing.v1",
    "room.updated.v1",
    "user.purged.v1",
)


def user_purged(tx: Connection, user_id: int) -> None:
    """Nothing of a deleted account is left here but what other users received."""
    enqueue(tx, models.outbox, "user.purged", 1, {"user_id": ids.encode(user_id), "service": "dm"})


def message_sent(tx: Connection, message_id: int, room_id: int, sender_id: int, recipient_id: int) -> None:
    """Ids only: the text does not travel through the broker."""
    numbers = {"message_id": message_id, "room_id": room_id, "sender_id": sender_id, "recipient_id": recipient_id}
    enqueue(tx, models.outbox, "message.sent", 1, {name: ids.encode(number) for name, number in numbers.items()})


def message_removed(tx: Connection, message_id: int, room_id: int, sender_id: int, recipient_id: int) -> None:
    """A moderator has removed a message."""
    numbers = {"message_id": message_id, "room_id": room_id, "sender_id": sender_id, "recipient_id": recipient_id}
    enqueue(tx, models.outbox, "message.removed", 1, {name: ids.encode(number) for name, number in numbers.items()})


def room_read(tx: Connection, message_id: int, room_id: int, reader_id: int, peer_id: int) -> None:
    """The reader has read all messages up to this one."""
    numbers = {"message_id": message_id, "room_id": room_id, "reader_id": reader_id, "peer_id": peer_id}
    enqueue(tx, models.outbox, "room.read", 1, {name: ids.encode(number) for name, number in numbers.items()})


def room_updated(tx: Connection, room_id: int, user_id: int) -> None:
    """The user has changed how they see the room."""
    enqueue(tx, models.outbox, "room.updated", 1, {"room_id": ids.encode(room_id), "user_id": ids.encode(user_id)})


def room_requested(
    tx: Connection,
    room_id: int,
    sender_id: int,
    recipient_id: int,
    state: Literal["request", "accepted", "declined"],
    version: int,
) -> None:
    """The first message of a conversation has come, or its recipient has accepted or declined it."""
    numbers = {"room_id": room_id, "sender_id": sender_id, "recipient_id": recipient_id}
    data = {name: ids.encode(number) for name, number in numbers.items()} | {"state": state, "version": version}
    enqueue(tx, models.outbox, "room.requested", 1, data)


def room_typing(room_id: int, user_id: int, peer_id: int) -> Event:
    """The user is writing in the room. It is published at once and, if that fails, never."""
    numbers = {"room_id": room_id, "user_id": user_id, "peer_id": peer_id}
    data = {name: ids.encode(number) for name, number in numbers.items()}
    return Event(ids.new(), "room.typing", 1, clock.now(), None, data)
