"""The facts that dm announces, each in the transaction that makes it true."""

from sqlalchemy import Connection

from shared import ids
from shared.events.outbox import enqueue

from . import models

ANNOUNCES = ("message.sent.v1", "room.read.v1", "user.purged.v1")
"""Everything that the broker lets this service publish."""


def user_purged(tx: Connection, user_id: int) -> None:
    """Nothing of somebody who withdrew is left here but what they said to others."""
    enqueue(tx, models.outbox, "user.purged", 1, {"user_id": ids.text(user_id), "service": "dm"})


def message_sent(tx: Connection, message_id: int, room_id: int, sender_id: int, recipient_id: int) -> None:
    """Somebody has said something. What it was stays where it is, and travels through no broker."""
    numbers = {"message_id": message_id, "room_id": room_id, "sender_id": sender_id, "recipient_id": recipient_id}
    enqueue(tx, models.outbox, "message.sent", 1, {name: ids.text(number) for name, number in numbers.items()})


def room_read(tx: Connection, message_id: int, room_id: int, reader_id: int, peer_id: int) -> None:
    """Somebody has read up to this message."""
    numbers = {"message_id": message_id, "room_id": room_id, "reader_id": reader_id, "peer_id": peer_id}
    enqueue(tx, models.outbox, "room.read", 1, {name: ids.text(number) for name, number in numbers.items()})
