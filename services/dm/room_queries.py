"""Reads of rooms. Each takes a connection and changes nothing."""

from typing import Any

from sqlalchemy import ColumnElement, Connection, FromClause, Row, Select, Subquery, false, func, select, union_all

from shared import clock, ids
from shared.pagination import Page, PageRequest
from shared.replication.pairs import in_neither_direction

from . import models, queries
from .signed_urls import UrlSigner

_messages, _members = models.messages, models.members
_peer, _other_member = models.people.alias("peer"), models.members.alias("other_member")


def room(connection: Connection, user_id: int, room_id: int, url_signer: UrlSigner) -> dict[str, Any]:
    """A room as one of its users sees it. Raises NotFound."""
    mine = _rooms(_members).where(_members.c.user_id == user_id, _members.c.room_id == room_id)
    row = connection.execute(mine).one_or_none()
    if row is None:
        raise queries.room_not_found()
    return _room_json(row, url_signer)


def rooms_of(
    connection: Connection, user_id: int, page: PageRequest, url_signer: UrlSigner, *, requested: bool = False
) -> Page:
    """The user's rooms, or the requests that they have received, without hidden ones. The order is that of `_listed`.

    A request without a message is not listed.
    """
    members = _members.c
    which = (members.user_id == user_id) & (members.requested == requested) & (members.hidden == false())
    if requested:
        which &= members.last_id > members.room_id
    return _listed(connection, which, user_id, page, url_signer)


def all_rooms_of(connection: Connection, user_id: int, page: PageRequest, url_signer: UrlSigner) -> Page:
    """The same for the user's export: first their rooms, then requests, both with hidden ones."""
    requested, *after = page.after or (0,)
    which = (_members.c.user_id == user_id) & (_members.c.requested == bool(requested))
    found = _listed(connection, which, user_id, PageRequest(page.limit, tuple(after) or None), url_signer)
    if found.next is not None:
        return Page(found.items, (requested, *found.next))
    return Page(found.items, None if requested else (1,))


def _listed(
    connection: Connection, which: ColumnElement[bool], user_id: int, page: PageRequest, url_signer: UrlSigner
) -> Page:
    """These rooms of the user, last active first, in the order at the time when the first page was read.

    The cursor holds where that page started. What became active later belongs before it, so nothing is shown twice, and
    a room that had not been shown by then is still found in its former position.
    """
    begin, after = page.after or (None, None)
    positions = _next_positions(which, begin, after, page.limit + 1)
    mine = (_members.c.room_id == positions.c.room_id) & (_members.c.user_id == user_id)
    statement = (
        _rooms(positions.join(_members, mine)).add_columns(positions.c.position).order_by(positions.c.position.desc())
    )
    rows = connection.execute(statement).all()
    first = rows[0].position if rows and begin is None else begin
    return Page.of(rows, page, lambda row: _room_json(row, url_signer), lambda row: (first, row.position))


def _next_positions(which: ColumnElement[bool], begin: int | None, after: int | None, limit: int) -> Subquery:
    """Which of these rooms come next, and the sort key of each: the id of its newest message up to `begin`."""
    members = _members.c
    position = members.last_id.label("position")
    mine = select(members.room_id, position).where(which)
    resting = mine.order_by(position.desc()).limit(limit)
    if begin is None or after is None:
        return resting.subquery("positions")
    resting = resting.where(members.last_id < after)
    earlier = select(func.max(_messages.c.id)).where(_messages.c.room_id == members.room_id, _messages.c.id <= begin)
    former = func.coalesce(earlier.scalar_subquery(), members.room_id)
    moved = select(members.room_id, former.label("position")).where(which, members.last_id > begin, former < after)
    both = union_all(select(resting.subquery()), select(moved.subquery())).subquery()
    return select(both).order_by(both.c.position.desc()).limit(limit).subquery("positions")


def _rooms(members: FromClause) -> Select[Any]:
    """Rooms with everything that is shown of them, in one statement."""
    rooms = models.rooms
    last = (_messages.c.id == _members.c.last_id) & (_messages.c.room_id == _members.c.room_id)
    joined = (
        members.join(rooms, rooms.c.id == _members.c.room_id)
        .join(
            _other_member,
            (_other_member.c.room_id == _members.c.room_id) & (_other_member.c.user_id == _members.c.peer_id),
        )
        .outerjoin(_peer, _peer.c.id == _members.c.peer_id)
        .outerjoin(_messages, last)
    )
    theirs = [_other_member.c[name].label(f"peer_{name}") for name in ("read_id", "requested")]
    own = [_members.c[name] for name in ("room_id", "peer_id", "unread_count", "muted", "hidden", "requested")]
    shown = (*own, *theirs, rooms.c.created_at)
    peer = (*queries.named(_peer, "peer"), _peer.c.hidden.label("peer_hidden"))
    unblocked = in_neither_direction(models.restrictions, "blocking", _members.c.user_id, _members.c.peer_id)
    return select(*shown, *peer, unblocked.label("unblocked"), *queries.MESSAGE).select_from(queries.in_full(joined))


def _room_json(row: Row[Any], url_signer: UrlSigner) -> dict[str, Any]:
    return {
        "id": ids.encode(row.room_id),
        "peer": queries.person_json(row, "peer"),
        "closed": bool(row.peer_deleted or row.peer_hidden or not row.unblocked),
        "last_message": None if row.message_id is None else queries.message_json(row, url_signer),
        "unread_count": row.unread_count,
        # Before the first message is read, read_id is the id of the room. Who has not accepted is not seen to read.
        "peer_read_id": (
            None if row.peer_requested or row.peer_read_id == row.room_id else ids.encode(row.peer_read_id)
        ),
        "state": "request" if row.requested else "open",
        "muted": row.muted,
        "hidden": row.hidden,
        "created_at": clock.format_rfc3339(row.created_at),
    }
