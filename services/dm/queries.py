"""Reads of messages, and of who may read and write them. Each takes a connection and changes nothing."""

from typing import Any

from sqlalchemy import Connection, FromClause, Join, Label, Row, Select, bindparam, false, select

from shared import clock, ids
from shared.errors import NotFound, Unauthenticated
from shared.pagination import Page, PageRequest
from shared.replication.pairs import in_neither_direction
from shared.replication.projections import is_shown

from . import models, photo_queries
from .signed_urls import UrlSigner

_messages, _members, _media = models.messages, models.members, models.media
_sender, _other_member = models.people.alias("sender"), models.members.alias("other_member")
_quoted, _quoted_media = models.messages.alias("quoted"), models.media.alias("quoted_media")


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
        raise room_not_found()
    return peer_id


def membership(connection: Connection, room_id: int, user_id: int) -> Row[Any]:
    """The user's side of the room, what the other side has answered, and who blocks whom: `peer_id`, `requested`,
    `peer_requested`, `peer_hidden`, `blocks`, `is_blocked`. Raises NotFound as `peer_in` does.
    """
    row = connection.execute(_MEMBERSHIP, {"room_id": room_id, "user_id": user_id}).one_or_none()
    if row is None:
        raise room_not_found()
    return row


def _membership() -> Select[Any]:
    members, other = _members.c, _other_member.c
    outward, inward = (models.restrictions.alias(f"restrictions_{name}") for name in ("outward", "inward"))
    return (
        select(members.peer_id, members.requested)
        .add_columns(other.requested.label("peer_requested"), other.hidden.label("peer_hidden"))
        .add_columns(outward.c.blocking.label("blocks"), inward.c.blocking.label("is_blocked"))
        .join(_other_member, (other.room_id == members.room_id) & (other.user_id == members.peer_id))
        .outerjoin(outward, (outward.c.person_id == members.user_id) & (outward.c.other_id == members.peer_id))
        .outerjoin(inward, (inward.c.person_id == members.peer_id) & (inward.c.other_id == members.user_id))
        .where(members.room_id == bindparam("room_id"), members.user_id == bindparam("user_id"))
    )


_MEMBERSHIP = _membership()
"""Built once, as others that each message needs: building a statement costs as much as executing it."""


def open_peer(connection: Connection, room_id: int, user_id: int) -> int | None:
    """The other user of the room, if both have accepted the conversation and either may write to the other."""
    members, other, peer = _members.c, _other_member.c, models.people.alias("peer")
    statement = (
        select(members.peer_id)
        .join(_other_member, (other.room_id == members.room_id) & (other.user_id == members.peer_id))
        .join(_sender, _sender.c.id == members.user_id)
        .join(peer, peer.c.id == members.peer_id)
        .where(members.room_id == room_id, members.user_id == user_id)
        .where(members.requested == false(), other.requested == false(), is_shown(_sender), is_shown(peer))
        .where(in_neither_direction(models.restrictions, "blocking", members.user_id, members.peer_id))
    )
    found: int | None = connection.execute(statement).scalar_one_or_none()
    return found


def room_not_found() -> NotFound:
    return NotFound("not_found", "There is no such room.")


def room_of(connection: Connection, one_id: int, other_id: int) -> int | None:
    """The room of these two users."""
    rooms, (low, high) = models.rooms.c, sorted((one_id, other_id))
    return connection.execute(select(rooms.id).where(rooms.low_id == low, rooms.high_id == high)).scalar_one_or_none()


def message(
    connection: Connection, user_id: int, room_id: int, message_id: int, url_signer: UrlSigner
) -> dict[str, Any]:
    """A message in a room of the user. Raises NotFound."""
    peer_in(connection, room_id, user_id)
    return sent_message(connection, room_id, message_id, url_signer)


def sent_message(connection: Connection, room_id: int, message_id: int, url_signer: UrlSigner) -> dict[str, Any]:
    """A message of a room, for its users. Raises NotFound."""
    row = connection.execute(_MESSAGE, {"of_room": room_id, "wanted": message_id}).one_or_none()
    if row is None:
        raise NotFound("not_found", "There is no such message.")
    return message_json(row, url_signer)


def messages_in(
    connection: Connection,
    user_id: int,
    room_id: int,
    page: PageRequest,
    url_signer: UrlSigner,
    since: int | None = None,
    up_to: int | None = None,
) -> Page:
    """Messages in a room of the user: newest first; or, after the message `since`, oldest first. Raises NotFound.

    None is newer than the message `up_to`, which is included.
    """
    peer_in(connection, room_id, user_id)
    statement, id_ = everything().where(_messages.c.room_id == room_id).limit(page.limit + 1), _messages.c.id
    if up_to is not None:
        statement = statement.where(id_ <= up_to)
    if since is not None:
        statement = statement.where(id_ > (page.after[0] if page.after else since)).order_by(id_)
    else:
        statement = statement.order_by(id_.desc())
        if page.after is not None:
            statement = statement.where(id_ < page.after[0])
    rows = connection.execute(statement).all()
    return Page.of(rows, page, lambda row: message_json(row, url_signer), lambda row: (row.message_id,))


def message_to_push(
    connection: Connection, sender_id: int, room_id: int, message_id: int, url_signer: UrlSigner
) -> tuple[dict[str, Any], bool]:
    """A message, and whether its recipient has declined to hear of this room."""
    both = membership(connection, room_id, sender_id)
    shown = sent_message(connection, room_id, message_id, url_signer)
    return shown, both.peer_requested and both.peer_hidden


def message_settings(connection: Connection, user_id: int) -> dict[str, str]:
    """Who may begin a conversation with this user."""
    settings = models.message_settings.c
    found = connection.execute(select(settings.senders).where(settings.user_id == user_id)).scalar_one_or_none()
    return {"from": found or "everyone"}


def exported_settings(connection: Connection, user_id: int, _: PageRequest) -> Page:
    """The same for the user's export."""
    return Page([message_settings(connection, user_id)], None)


def has_message(connection: Connection, room_id: int, message_id: int) -> bool:
    """Whether this message is in this room."""
    this = (_messages.c.id == message_id) & (_messages.c.room_id == room_id)
    return connection.execute(select(_messages.c.id).where(this)).first() is not None


def named(person: FromClause, prefix: str) -> list[Label[Any]]:
    return [person.c[name].label(f"{prefix}_{name}") for name in ("nickname", "name", "avatar_url", "deleted")]


MESSAGE = [
    _messages.c.id.label("message_id"),
    *(_messages.c[name] for name in ("sender_id", "text", "media_id", "post_id", "removed")),
    _messages.c.created_at.label("sent_at"),
    *(_quoted.c[name].label(f"quoted_{name}") for name in ("id", "sender_id", "text", "media_id", "removed")),
    *(_quoted_media.c[name].label(f"quoted_{name}") for name in ("width", "height", "has_variants")),
    *named(_sender, "sender"),
    *photo_queries.COLUMNS,
]


def everything() -> Select[Any]:
    """Messages with all that `message_json` shows."""
    return select(_messages.c.room_id, *MESSAGE).select_from(in_full(_messages))


def in_full(messages: FromClause) -> Join:
    """Messages with their senders, quoted messages, and the photos of both."""
    return (
        messages.outerjoin(_sender, _sender.c.id == _messages.c.sender_id)
        .outerjoin(_quoted, _quoted.c.id == _messages.c.reply_to)
        .outerjoin(_quoted_media, _quoted_media.c.id == _quoted.c.media_id)
        .outerjoin(_media, _media.c.id == _messages.c.media_id)
    )


_MESSAGE = everything().where(_messages.c.room_id == bindparam("of_room"), _messages.c.id == bindparam("wanted"))


def message_json(row: Row[Any], url_signer: UrlSigner) -> dict[str, Any]:
    return {
        "id": ids.encode(row.message_id),
        "room_id": ids.encode(row.room_id),
        "sender": person_json(row, "sender"),
        "type": message_type(row.text, row.media_id),
        "text": row.text,
        "image": None if row.media_id is None else photo_queries.photo_json(row, url_signer),
        "post_id": None if row.post_id is None else ids.encode(row.post_id),
        "post": None,  # not known here
        "reply_to": None if row.quoted_id is None else _quote_json(row, url_signer),
        "removed": bool(row.removed),
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
        "removed": bool(row.quoted_removed),
    }


def message_type(text: str | None, media_id: int | None) -> str:
    """What a message consists of."""
    if text is not None:
        return "text"
    return "post" if media_id is None else "image"


def person_json(row: Row[Any], prefix: str) -> dict[str, Any]:
    """A UserRef. Of a deleted account only the id is known."""
    return {
        "id": ids.encode(getattr(row, f"{prefix}_id")),
        "nickname": getattr(row, f"{prefix}_nickname"),
        "name": getattr(row, f"{prefix}_name"),
        "avatar_url": getattr(row, f"{prefix}_avatar_url"),
        "deleted": bool(getattr(row, f"{prefix}_deleted")),
    }
