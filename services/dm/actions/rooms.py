"""Rooms: opening the room of two users, checking access, and marking messages as read."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, bindparam, func, insert, or_, select, update

from shared import clock, ids
from shared.errors import Conflict, Invalid

from .. import events, models, queries
from . import message_settings, people
from .people import State

_LOCK = select(models.rooms.c.last_id).where(models.rooms.c.id == bindparam("room")).with_for_update()


@dataclass(frozen=True, slots=True)
class Opened:
    """A room, and whether it has just been created."""

    room_id: int
    is_new: bool


def open_room(tx: Connection, user_id: int, peer_id: int, *, is_followed: bool | None = True) -> Opened:
    """The one room of these two users, created if there is none.

    `is_followed`: whether the other follows the user, read from social before this transaction; None if social is
    unavailable. If not, a new room is a request for the other.

    Raises Invalid for the user themselves, UnknownRecords, Unauthenticated if the user's account is deleted or
    suspended, NotFound if the other's is, or if the other blocks the user; Conflict if the user blocks the other. For
    a new room also as `message_settings.check_opening` does.
    """
    if user_id == peer_id:
        raise Invalid.field("user_id", "cannot_message_self", "A room is for two people.")
    mine, theirs = people.states(tx, user_id, peer_id)
    if mine is not State.PRESENT:
        raise queries.user_absent()
    blocking = _blocking(tx, user_id, peer_id)
    if theirs is not State.PRESENT or peer_id in blocking:
        raise queries.user_not_found()
    if user_id in blocking:
        raise _user_blocked()
    existing = queries.room_of(tx, user_id, peer_id)
    if existing is not None:
        return Opened(existing, is_new=False)
    message_settings.check_opening(tx, peer_id, is_followed)
    return _make(tx, user_id, peer_id, requested=is_followed is not True)


def _make(tx: Connection, user_id: int, peer_id: int, *, requested: bool) -> Opened:
    # If both users create it at the same time, the unique pair refuses one; its transaction is retried and finds it.
    room_id, (low, high) = ids.new(), sorted((user_id, peer_id))
    row = {"id": room_id, "low_id": low, "high_id": high, "last_id": room_id, "created_at": clock.now()}
    tx.execute(insert(models.rooms).values(**row))
    alike = {"room_id": room_id, "last_id": room_id, "read_id": room_id, "unread_count": 0}
    alike |= {"muted": False, "hidden": False, "request_version": 0}
    sides = [
        {"user_id": user_id, "peer_id": peer_id, "requested": False},
        {"user_id": peer_id, "peer_id": user_id, "requested": requested},
    ]
    tx.execute(insert(models.members), [alike | side for side in sides])
    return Opened(room_id, is_new=True)


def enter(tx: Connection, user_id: int, room_id: int) -> Row[Any]:
    """Check that the user may add something to the room. Returns the `queries.membership` of the user.

    Raises NotFound if it is not the user's room, Unauthenticated if the user's account is deleted or suspended,
    Conflict if the other's is, or if one of the two blocks the other. To the blocked, that is as a suspension.
    """
    both = queries.membership(tx, room_id, user_id)
    peer_id = both.peer_id
    mine, theirs = people.states(tx, user_id, peer_id)
    if mine is not State.PRESENT:
        raise queries.user_absent()
    if theirs is State.DELETED:
        raise Conflict("peer_withdrawn", "The other user has deleted their account; the messages stay.")
    if theirs is State.SUSPENDED or both.is_blocked:
        raise Conflict("peer_suspended", "The other user cannot receive messages now; the messages stay.")
    if both.blocks:
        raise _user_blocked()
    return both


def _blocking(tx: Connection, one: int, other: int) -> set[int]:
    """Which of the two block the other."""
    blocks = models.restrictions.c
    outward = (blocks.person_id == one) & (blocks.other_id == other)
    inward = (blocks.person_id == other) & (blocks.other_id == one)
    return set(tx.execute(select(blocks.person_id).where(or_(outward, inward), blocks.blocking)).scalars())


def _user_blocked() -> Conflict:
    return Conflict("user_blocked", "You have blocked this user.")


def lock(tx: Connection, room_id: int) -> int:
    """Lock the room FOR UPDATE: nobody else adds to it. Returns the id of its newest message."""
    last: int = tx.execute(_LOCK, {"room": room_id}).scalar_one()
    return last


def enter_own_side(tx: Connection, user_id: int, room_id: int) -> int:
    """Lock the room for a change of how the user sees it. Returns the other user.

    Raises NotFound if it is not the user's room, Unauthenticated if their account is deleted or suspended.
    """
    peer_id = queries.peer_in(tx, room_id, user_id)
    if people.states(tx, user_id) != [State.PRESENT]:
        raise queries.user_absent()
    lock(tx, room_id)
    return peer_id


def mark_read(tx: Connection, user_id: int, room_id: int, message_id: int) -> None:
    """Mark every message up to this one as read; a lower id changes nothing. Who has not accepted the conversation
    reads unseen.

    Raises as `enter_own_side` does, and Invalid if the message is in another room.
    """
    peer_id = enter_own_side(tx, user_id, room_id)
    if not queries.has_message(tx, room_id, message_id):
        raise Invalid.field("message_id", "unknown_message", "There is no such message in this room.")
    messages, members = models.messages.c, models.members.c
    mine = (members.room_id == room_id) & (members.user_id == user_id)
    before = tx.execute(select(members.read_id, members.requested).where(mine)).one()
    if message_id <= before.read_id:
        return
    # Each message is counted once, however many are unread.
    newly = select(func.count()).where(
        messages.room_id == room_id,
        messages.id > before.read_id,
        messages.id <= message_id,
        messages.sender_id == peer_id,
    )
    values = {"read_id": message_id, "unread_count": members.unread_count - newly.scalar_subquery()}
    tx.execute(update(models.members).where(mine).values(**values))
    if before.requested:
        events.room_updated(tx, room_id, user_id)
    else:
        events.room_read(tx, message_id, room_id, user_id, peer_id)
