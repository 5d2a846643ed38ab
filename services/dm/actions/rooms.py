"""Rooms: opening the room of two users, checking access, and marking messages as read."""

from dataclasses import dataclass

from sqlalchemy import Connection, func, insert, select, update

from shared import clock, ids
from shared.errors import Conflict, Invalid

from .. import events, models, queries
from . import people


@dataclass(frozen=True, slots=True)
class Opened:
    """A room, and whether it has just been created."""

    room_id: int
    is_new: bool


def open_room(tx: Connection, user_id: int, peer_id: int) -> Opened:
    """The one room of these two users, created if there is none.

    Raises Invalid for the user themselves, UnknownRecords, Unauthenticated if the user's account is deleted, NotFound
    if the other's is.
    """
    if user_id == peer_id:
        raise Invalid.field("user_id", "cannot_message_self", "A room is for two people.")
    i_have, they_have = people.have_withdrawn(tx, user_id, peer_id)
    if i_have:
        raise queries.user_deleted()
    if they_have:
        raise queries.user_not_found()
    existing = queries.room_of(tx, user_id, peer_id)
    return _make(tx, user_id, peer_id) if existing is None else Opened(existing, is_new=False)


def _make(tx: Connection, user_id: int, peer_id: int) -> Opened:
    # If both users create it at the same time, the unique pair refuses one; its transaction is retried and finds it.
    room_id, (low, high) = ids.new(), sorted((user_id, peer_id))
    row = {"id": room_id, "low_id": low, "high_id": high, "last_id": room_id, "created_at": clock.now()}
    tx.execute(insert(models.rooms).values(**row))
    alike = {"room_id": room_id, "last_id": room_id, "read_id": room_id, "unread_count": 0}
    sides = [{"user_id": user_id, "peer_id": peer_id}, {"user_id": peer_id, "peer_id": user_id}]
    tx.execute(insert(models.members), [alike | side for side in sides])
    return Opened(room_id, is_new=True)


def enter(tx: Connection, user_id: int, room_id: int) -> int:
    """Check that the user may add something to the room. Returns the other user.

    Raises NotFound if it is not the user's room, Unauthenticated if the user's account is deleted, Conflict if the
    other's is.
    """
    peer_id = queries.peer_in(tx, room_id, user_id)
    i_have, they_have = people.have_withdrawn(tx, user_id, peer_id)
    if i_have:
        raise queries.user_deleted()
    if they_have:
        raise Conflict("peer_withdrawn", "The other user has deleted their account; the messages stay.")
    return peer_id


def lock(tx: Connection, room_id: int) -> int:
    """Lock the room FOR UPDATE: nobody else adds to it. Returns the id of its newest message."""
    rooms = models.rooms.c
    last: int = tx.execute(select(rooms.last_id).where(rooms.id == room_id).with_for_update()).scalar_one()
    return last


def mark_read(tx: Connection, user_id: int, room_id: int, message_id: int) -> None:
    """Mark every message up to this one as read; a lower id changes nothing.

    Raises NotFound if it is not the user's room, Unauthenticated if their account is deleted, Invalid if the message is
    in another room.
    """
    peer_id = queries.peer_in(tx, room_id, user_id)
    if people.have_withdrawn(tx, user_id)[0]:
        raise queries.user_deleted()
    lock(tx, room_id)
    if not queries.has_message(tx, room_id, message_id):
        raise Invalid.field("message_id", "unknown_message", "There is no such message in this room.")
    messages, members = models.messages.c, models.members.c
    mine = (members.room_id == room_id) & (members.user_id == user_id)
    read_id = tx.execute(select(members.read_id).where(mine)).scalar_one()
    if message_id <= read_id:
        return
    # Each message is counted once, however many are unread.
    newly = select(func.count()).where(
        messages.room_id == room_id,
        messages.id > read_id,
        messages.id <= message_id,
        messages.sender_id == peer_id,
    )
    values = {"read_id": message_id, "unread_count": members.unread_count - newly.scalar_subquery()}
    tx.execute(update(models.members).where(mine).values(**values))
    events.room_read(tx, message_id, room_id, user_id, peer_id)
