"""Photos as clients see them."""

from typing import Any

from sqlalchemy import Connection, Row, select

from shared import ids

from .. import models

PATH = "/api/v1/media"


def photo(connection: Connection, media_id: int) -> dict[str, Any]:
    """An upload that exists."""
    media = models.media
    return media_json(connection.execute(select(media).where(media.c.id == media_id)).one())


def media_json(row: Row[Any]) -> dict[str, Any]:
    """A photo; a post stores this JSON."""
    return {
        "id": ids.encode(row.id),
        "url": f"{PATH}/{row.display}",
        "thumbnail_url": f"{PATH}/{row.thumbnail}",
        "width": row.width,
        "height": row.height,
        "blurhash": row.blurhash,
        "alt": row.alt,
        "content_type": row.content_type,
    }
