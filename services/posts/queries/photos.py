"""Photos as clients see them."""

import re
from functools import lru_cache
from typing import Any

import orjson
from sqlalchemy import Connection, Row, select

from shared import ids
from shared.images.variants import Variant, former_variants, thumbnail_name, variants_of

from .. import models

PATH = "/api/v1/media"
_STORED_VARIANTS = re.compile(r'"variants": ?(?:"([0-9a-f]{32}) (\d+) (\d+)"|\[\])')
"""Of a photo in the JSON of a post; an empty list if it is from before there were variants. It cannot occur in a text,
where quotes have a backslash.
"""


def photo(connection: Connection, media_id: int) -> dict[str, Any]:
    """An upload that exists."""
    media = models.media
    row = connection.execute(select(media).where(media.c.id == media_id)).one()
    return _shown(stored_json(row))


def stored_json(row: Row[Any]) -> dict[str, Any]:
    """A photo as a post stores it: in place of its variants, all that they are derived from; no empty fields."""
    shown = {
        "id": ids.encode(row.id),
        "url": f"{PATH}/{row.display}",
        "thumbnail_url": f"{PATH}/{row.thumbnail}",
        "width": row.width,
        "height": row.height,
        "blurhash": row.blurhash,
        "alt": row.alt,
        "content_type": row.content_type,
        "variants": [] if row.variants is None or row.missing else f"{row.variants} {row.width} {row.height}",
    }
    own = {"camera_info": row.camera_info, "missing": row.missing or None}
    return shown | {name: value for name, value in own.items() if value is not None}


def next_files(connection: Connection, after: int, limit: int = 1_000) -> dict[int, list[str]]:
    """The names of the files of some photos with ids above `after`, by their ids and in their order."""
    media = models.media
    next_ones = select(media).where(media.c.id > after).order_by(media.c.id)
    return {row.id: file_names(row) for row in connection.execute(next_ones.limit(limit))}


@lru_cache(1_024)  # feeds show the same posts again and again
def with_variants(stored: str) -> str:
    """The JSON list of photos that clients get, of the one that a post stores."""
    if '"variants"' in stored and '"camera_info"' not in stored and '"missing"' not in stored:  # most: not decoded
        return _STORED_VARIANTS.sub(_listed, stored)
    return orjson.dumps([_shown(each) for each in orjson.loads(stored)]).decode()


def _shown(stored: dict[str, Any]) -> dict[str, Any]:
    """A photo with all fields. It may be from before there were variants."""
    variants = stored.get("variants") or []
    if isinstance(variants, str):
        base, width, height = variants.split()
        variants = _variants(base, int(width), int(height))
    return {"camera_info": None, "missing": False, **stored, "variants": variants}


def file_names(row: Row[Any]) -> list[str]:
    """The names of all files of a photo."""
    if row.variants is None:
        return [row.display, row.thumbnail]
    names = [f"{row.variants}-{each.name}" for each in variants_of(row.width, row.height)]
    return [*names, *{row.display, row.thumbnail}.difference(names)]


def stored_variants(row: Row[Any]) -> dict[Variant, str]:
    """The names of all files of a photo, by what they are."""
    if row.variants is not None:
        return {each: f"{row.variants}-{each.name}" for each in variants_of(row.width, row.height)}
    return dict(zip(former_variants(row.width, row.height), (row.thumbnail, row.display), strict=True))


def display_and_thumbnail(base: str, width: int, height: int) -> tuple[str, str]:
    """The names of the files that `url` and `thumbnail_url` lead to."""
    return f"{base}-display.jpg", f"{base}-{thumbnail_name(width, height)}"


def _listed(found: re.Match[str]) -> str:
    variants = _variants(found[1], int(found[2]), int(found[3])) if found[1] else []
    return f'"variants":{orjson.dumps(variants).decode()},"camera_info":null,"missing":false'


def _variants(base: str, width: int, height: int) -> list[dict[str, Any]]:
    return [
        {
            "width": each.width,
            "height": each.height,
            "url": f"{PATH}/{base}-{each.name}",
            "content_type": each.content_type,
        }
        for each in variants_of(width, height)
    ]
