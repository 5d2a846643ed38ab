"""Reads of the photos of dm, and the names of their files. Each takes a connection and changes nothing."""

from typing import Any

from sqlalchemy import Connection, Row, select

from shared import ids
from shared.errors import NotFound
from shared.images.variants import DISPLAY, THUMBNAIL, thumbnail_name, variants_of

from . import models
from .signed_urls import UrlSigner

_media = models.media
_FIELDS = ("width", "height", "blurhash", "alt", "content_type", "camera_info", "has_variants", "missing")
COLUMNS = [_media.c[name] for name in _FIELDS]
"""What is selected of a photo, with `room_id` and `media_id`, for `photo_json`."""


def photo(connection: Connection, media_id: int, url_signer: UrlSigner) -> dict[str, Any]:
    """An upload to a room."""
    labelled = [_media.c.room_id, _media.c.id.label("media_id"), *COLUMNS]
    return photo_json(connection.execute(select(*labelled).where(_media.c.id == media_id)).one(), url_signer)


def file_of(connection: Connection, room_id: int, media_id: int, rendition: str) -> str:
    """The name of the stored file of a photo of this room. Raises NotFound."""
    this = (_media.c.id == media_id) & (_media.c.room_id == room_id)
    row = connection.execute(select(_media).where(this)).one_or_none()
    if row is None or rendition not in renditions_of(row):
        raise NotFound("not_found", "There is no such picture.")
    return stored(row.file, rendition)


def renditions_of(row: Row[Any]) -> list[str]:
    """The last parts of the names of a photo's files."""
    if not row.has_variants:
        return [DISPLAY, THUMBNAIL]
    return [each.name for each in variants_of(row.width, row.height)]


def stored(file: str, rendition: str) -> str:
    """The name of the stored file."""
    return f"{file}-{rendition}"


def file_names(row: Row[Any]) -> list[str]:
    """The names of all files of a photo."""
    return [stored(row.file, rendition) for rendition in renditions_of(row)]


def next_files(connection: Connection, after: int, limit: int = 1_000) -> dict[int, list[str]]:
    """The names of the files of some photos with ids above `after`, by their ids and in their order."""
    next_ones = select(_media).where(_media.c.id > after).order_by(_media.c.id)
    return {row.id: file_names(row) for row in connection.execute(next_ones.limit(limit))}


def thumbnail(width: int, height: int, has_variants: bool | None) -> str:
    """The last part of the name of the file for lists."""
    return thumbnail_name(width, height) if has_variants else THUMBNAIL


def photo_json(row: Row[Any], url_signer: UrlSigner) -> dict[str, Any]:
    """A Media, from the columns of COLUMNS."""

    def url(rendition: str) -> str:
        return url_signer.url(row.room_id, row.media_id, rendition)

    variants = variants_of(row.width, row.height) if row.has_variants and not row.missing else ()
    return {
        "id": ids.encode(row.media_id),
        "url": url(DISPLAY),
        "thumbnail_url": url(thumbnail(row.width, row.height, row.has_variants)),
        "width": row.width,
        "height": row.height,
        "blurhash": row.blurhash,
        "alt": row.alt,
        "content_type": row.content_type,
        "variants": [
            {"width": each.width, "height": each.height, "url": url(each.name), "content_type": each.content_type}
            for each in variants
        ],
        "camera_info": row.camera_info,
        "missing": bool(row.missing),
    }
