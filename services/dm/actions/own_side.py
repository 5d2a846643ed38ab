"""What a user changes on their own side of a room: muting, hiding, and the answer to a request.

All functions for routes raise as `rooms.enter_own_side` does.
"""

from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, select, true, update

from shared.errors import Conflict

from .. import events, models
from . import rooms

_members = models.members.c


def mute(tx: Connection, user_id: int, room_id: int, *, muted: bool) -> None:
    """Mute the room for this user, or end that."""
    rooms.enter_own_side(tx, user_id, room_id)
    _change(tx, user_id, room_id, _members.muted != muted, muted=muted)


def hide(tx: Connection, user_id: int, room_id: int) -> None:
    """Leave the room out of this user's list until there is a new message. To hide a request is to decline it."""
    peer_id = rooms.enter_own_side(tx, user_id, room_id)
    if _own(tx, user_id, room_id).requested:
        _decline(tx, user_id, room_id, peer_id)
    else:
        _change(tx, user_id, room_id, ~_members.hidden, hidden=True)


def accept(tx: Connection, user_id: int, room_id: int) -> None:
    """The user has the conversation among their rooms from now on. Nothing changes if it is no request of theirs."""
    accept_locked(tx, user_id, room_id, rooms.enter_own_side(tx, user_id, room_id))


def accept_locked(tx: Connection, user_id: int, room_id: int, peer_id: int) -> None:
    """The same in a transaction that has locked the room."""
    if _change(tx, user_id, room_id, _members.requested == true(), requested=False, hidden=False):
        _announce(tx, user_id, room_id, peer_id, "accepted")


def decline(tx: Connection, user_id: int, room_id: int) -> None:
    """The user hears nothing of the conversation from now on, until they write or accept it after all.

    The other user learns nothing of it. Raises Conflict unless it is a request of this user.
    """
    peer_id = rooms.enter_own_side(tx, user_id, room_id)
    if not _own(tx, user_id, room_id).requested:
        raise Conflict("already_accepted", "This conversation has been accepted; it can be hidden.")
    _decline(tx, user_id, room_id, peer_id)


def _decline(tx: Connection, user_id: int, room_id: int, peer_id: int) -> None:
    if _change(tx, user_id, room_id, ~_members.hidden, hidden=True):
        _announce(tx, user_id, room_id, peer_id, "declined")


def begin(tx: Connection, user_id: int, room_id: int, peer_id: int) -> None:
    """Announce a request of the peer to this user, with its first message, unless it has been declined before."""
    if not _own(tx, user_id, room_id).hidden:
        tx.execute(update(models.members).where(_mine(user_id, room_id)).values(request_version=1))
        events.room_requested(tx, room_id, peer_id, user_id, "request", 1)


def _announce(tx: Connection, user_id: int, room_id: int, peer_id: int, state: Any) -> None:
    """Announce the answer to a request, if the request has been announced."""
    version = _own(tx, user_id, room_id).request_version
    if version:
        counted = {"request_version": version + 1}
        tx.execute(update(models.members).where(_mine(user_id, room_id)).values(**counted))
        events.room_requested(tx, room_id, peer_id, user_id, state, version + 1)


def _change(tx: Connection, user_id: int, room_id: int, differs: ColumnElement[bool], **values: bool) -> bool:
    """Change the user's side of the room, and tell their clients. Returns whether it has changed."""
    changed = tx.execute(update(models.members).where(_mine(user_id, room_id), differs).values(**values)).rowcount > 0
    if changed:
        events.room_updated(tx, room_id, user_id)
    return changed


def _own(tx: Connection, user_id: int, room_id: int) -> Row[Any]:
    own: list[Any] = [_members.requested, _members.hidden, _members.request_version]
    return tx.execute(select(*own).where(_mine(user_id, room_id))).one()


def _mine(user_id: int, room_id: int) -> ColumnElement[bool]:
    return (_members.room_id == room_id) & (_members.user_id == user_id)
