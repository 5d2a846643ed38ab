"""What somebody reports to the moderators, as they see it."""

from typing import Any

from sqlalchemy import Connection, Row, select

from shared import clock, ids
from shared.errors import NotFound

from . import models
from .queries import message_type, peer_in

_messages = models.messages.c
_COLUMNS = (_messages.id, _messages.sender_id, _messages.text, _messages.media_id, _messages.created_at)


def reported(connection: Connection, message_id: int, viewer: int, before: int) -> dict[str, Any]:
    """The sender of a message in a room of this user (`owner_id`), and it with so many messages before it.

    Oldest first. Raises NotFound.
    """
    this = (_messages.id == message_id) & _messages.removed.is_not(True)
    room_id = connection.execute(select(_messages.room_id).where(this)).scalar_one_or_none()
    if room_id is None:
        raise NotFound("not_found", "There is no such message.")
    peer_in(connection, room_id, viewer)
    up_to = select(*_COLUMNS).where(_messages.room_id == room_id, _messages.id <= message_id)
    rows = connection.execute(up_to.order_by(_messages.id.desc()).limit(before + 1)).all()
    owner_id, text = ids.encode(rows[0].sender_id), rows[0].text
    return {"owner_id": owner_id, "text": text, "post_id": None, "messages": [_json(row) for row in reversed(rows)]}


def _json(row: Row[Any]) -> dict[str, Any]:
    """Without photos: their URLs are for the two of the room."""
    return {
        "id": ids.encode(row.id),
        "sender_id": ids.encode(row.sender_id),
        "type": message_type(row.text, row.media_id),
        "text": row.text,
        "created_at": clock.format_rfc3339(row.created_at),
    }
