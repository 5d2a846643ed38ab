"""Reads of dm. Each takes a connection and changes nothing."""

from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Join,
    Label,
    Row,
    Select,
    Subquery,
    func,
    select,
    union_all,
)

from shared import clock, ids
from shared.errors import NotFound, Unauthenticated
from shared.pagination import Page, PageRequest
from shared.replication.pairs import in_neither_direction

from . import models, photo_queries
from .signed_urls import UrlSigner

_messages, _members, _media = models.messages, models.members, models.media
_peer, _sender = models.people.alias("peer"), models.people.alias("sender")
_quoted, _quoted_media = models.messages.alias("quoted"), models.media.alias("quoted_media")
_other_member = models.members.alias("other_member")


def user_not_found() -> NotFound:
    return NotFound("not_found", "There is no such user.")


def user_absent() -> Unauthenticated:
    """The error for a token that has not expired although its account is deleted or suspended."""
    return Unauthenticated("invalid_token", "This account has been deleted or suspended.")


def peer_in(connection: Connection, room_id: int, user_id: int) -> int:
    """The other user of the room. Raises NotFound, also if it is not the user's room."""
    mine = (_members.c.room_id == room_id) & (_members.c.user_id == user_id)
    peer_id: int | None = connection.execute(select(_members.c.peer_id).where(mine)).scalar_one_or_none()
    if peer_id is None:
        raise NotFound("not_found", "There is no such room.")
    return peer_id


def room_of(connection: Connection, one_id: int, other_id: int) -> int | None:
    """The room of these two users."""
    rooms, (low, high) = models.rooms.c, sorted((one_id, other_id))
    return connection.execute(select(rooms.id).where(rooms.low_id == low, rooms.high_id == high)).scalar_one_or_none()


def room(connection: Connection, user_id: int, room_id: int, url_signer: UrlSigner) -> dict[str, Any]:
    """A room as one of its users sees it. Raises NotFound."""
    mine = _rooms(_members).where(_members.c.user_id == user_id, _members.c.room_id == room_id)
    row = connection.execute(mine).one_or_none()
    if row is None:
        raise NotFound("not_found", "There is no such room.")
    return _room_json(row, url_signer)


def rooms_of(
    connection: Connection, user_id: int, page: PageRequest, url_signer: UrlSigner, *, hidden: bool = False
) -> Page:
    """The user's rooms, last active first, in the order at the time when the first page was read.

    Rooms that the user has hidden are left out unless `hidden` is true.

    The cursor holds where that page started. What became active later belongs before it, so nothing is shown twice, and
    a room that had not been shown by then is still found in its former position.
    """
    begin, after = page.after or (None, None)
    which = _members.c.user_id == user_id
    positions = _next_positions(which if hidden else which & ~_members.c.hidden, begin, after, page.limit + 1)
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


def message(
    connection: Connection, user_id: int, room_id: int, message_id: int, url_signer: UrlSigner
) -> dict[str, Any]:
    """A message in a room of the user. Raises NotFound."""
    peer_in(connection, room_id, user_id)
    row = connection.execute(_said(room_id).where(_messages.c.id == message_id)).one_or_none()
    if row is None:
        raise NotFound("not_found", "There is no such message.")
    return _message_json(row, url_signer)


def messages_in(
    connection: Connection,
    user_id: int,
    room_id: int,
    page: PageRequest,
    url_signer: UrlSigner,
    since: int | None = None,
) -> Page:
    """Messages in a room of the user: newest first; or, after the message `since`, oldest first. Raises NotFound."""
    peer_in(connection, room_id, user_id)
    statement, id_ = _said(room_id).limit(page.limit + 1), _messages.c.id
    if since is not None:
        statement = statement.where(id_ > (page.after[0] if page.after else since)).order_by(id_)
    else:
        statement = statement.order_by(id_.desc())
        if page.after is not None:
            statement = statement.where(id_ < page.after[0])
    rows = connection.execute(statement).all()
    return Page.of(rows, page, lambda row: _message_json(row, url_signer), lambda row: (row.message_id,))


def has_message(connection: Connection, room_id: int, message_id: int) -> bool:
    """Whether this message is in this room."""
    this = (_messages.c.id == message_id) & (_messages.c.room_id == room_id)
    return connection.execute(select(_messages.c.id).where(this)).first() is not None


def _named(person: FromClause, prefix: str) -> list[Label[Any]]:
    return [person.c[name].label(f"{prefix}_{name}") for name in ("nickname", "name", "avatar_url", "deleted")]


_MESSAGE = [
    _messages.c.id.label("message_id"),
    *(_messages.c[name] for name in ("sender_id", "text", "media_id", "post_id")),
    _messages.c.created_at.label("sent_at"),
    *(_quoted.c[name].label(f"quoted_{name}") for name in ("id", "sender_id", "text", "media_id")),
    *(_quoted_media.c[name].label(f"quoted_{name}") for name in ("width", "height", "has_variants")),
    *_named(_sender, "sender"),
    *photo_queries.COLUMNS,
]


def _said(room_id: int) -> Select[Any]:
    everything = select(_messages.c.room_id, *_MESSAGE).select_from(_in_full(_messages))
    return everything.where(_messages.c.room_id == room_id)


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
    peer_read_id = _other_member.c.read_id.label("peer_read_id")
    own = [_members.c[name] for name in ("room_id", "peer_id", "unread_count", "muted", "hidden")]
    shown = (*own, peer_read_id, rooms.c.created_at)
    peer = (*_named(_peer, "peer"), _peer.c.hidden.label("peer_hidden"))
    unblocked = in_neither_direction(models.restrictions, "blocking", _members.c.user_id, _members.c.peer_id)
    return select(*shown, *peer, unblocked.label("unblocked"), *_MESSAGE).select_from(_in_full(joined))


def _in_full(messages: FromClause) -> Join:
    """Messages with their senders, quoted messages, and the photos of both."""
    return (
        messages.outerjoin(_sender, _sender.c.id == _messages.c.sender_id)
        .outerjoin(_quoted, _quoted.c.id == _messages.c.reply_to)
        .outerjoin(_quoted_media, _quoted_media.c.id == _quoted.c.media_id)
        .outerjoin(_media, _media.c.id == _messages.c.media_id)
    )


def _room_json(row: Row[Any], url_signer: UrlSigner) -> dict[str, Any]:
    return {
        "id": ids.encode(row.room_id),
        "peer": _person_json(row, "peer"),
        "closed": bool(row.peer_deleted or row.peer_hidden or not row.unblocked),
        "last_message": None if row.message_id is None else _message_json(row, url_signer),
        "unread_count": row.unread_count,
        # Before the first message is read, read_id is the id of the room.
        "peer_read_id": None if row.peer_read_id == row.room_id else ids.encode(row.peer_read_id),
        "muted": row.muted,
        "hidden": row.hidden,
        "created_at": clock.format_rfc3339(row.created_at),
    }


def _message_json(row: Row[Any], url_signer: UrlSigner) -> dict[str, Any]:
    return {
        "id": ids.encode(row.message_id),
        "room_id": ids.encode(row.room_id),
        "sender": _person_json(row, "sender"),
        "type": message_type(row.text, row.media_id),
        "text": row.text,
        "image": None if row.media_id is None else photo_queries.photo_json(row, url_signer),
        "post_id": None if row.post_id is None else ids.encode(row.post_id),
        "reply_to": None if row.quoted_id is None else _quote_json(row, url_signer),
        "created_at": clock.format_rfc3339(row.sent_at),
    }


def _quote_json(row: Row[Any], url_signer: UrlSigner) -> dict[str, Any]:
    thumbnail_url = None
    if row.quoted_media_id is not None:
        rendition = photo_queries.thumbnail(row.quoted_width, row.quoted_height, row.quoted_has_variants)
        thumbnail_url = url_signer.url(row.room_id, row.quoted_media_id, rendition)
    return {
        "id": ids.encode(row.quoted_id),
        "sender_id": ids.encode(row.quoted_sender_id),
        "type": message_type(row.quoted_text, row.quoted_media_id),
        "text": row.quoted_text,
        "thumbnail_url": thumbnail_url,
    }


def message_type(text: str | None, media_id: int | None) -> str:
    """What a message consists of."""
    if text is not None:
        return "text"
    return "post" if media_id is None else "image"


def _person_json(row: Row[Any], prefix: str) -> dict[str, Any]:
    """A UserRef. Of a deleted account only the id is known."""
    return {
        "id": ids.encode(getattr(row, f"{prefix}_id")),
        "nickname": getattr(row, f"{prefix}_nickname"),
        "name": getattr(row, f"{prefix}_name"),
        "avatar_url": getattr(row, f"{prefix}_avatar_url"),
        "deleted": bool(getattr(row, f"{prefix}_deleted")),
    }
