"""Makes the missing files of a photo again, of the largest of its files that is left."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from shared.database.engine import Database
from shared.errors import Invalid, NotFound, TooLarge, UnsupportedMedia
from shared.files.storage import Storage
from shared.images.decoder_client import DecoderProcess
from shared.images.variants import JPEG, Variant

REMADE, SMALLER, LOST = "made again", "lost, the photo is smaller now", "lost"
"""The states of missing files after a repair. A photo of which all files are lost is marked as missing."""


@dataclass(frozen=True, slots=True)
class FileRepair:
    """How a service repairs its rows, by their ids."""

    repair: Callable[[Database, Storage, DecoderProcess, int], str]
    """Make the missing files of a row again, or mark it as missing. Returns the state of its missing files."""
    next_marked: Callable[[Connection, int], Sequence[int]]
    """Some ids of rows that are marked as missing, of those above an id, in their order."""
    unmark: Callable[[Connection, int], object]
    """The files of this row are there again, of a backup."""


def remake(storage: Storage, decoder: DecoderProcess, stored: Mapping[Variant, str]) -> list[tuple[Variant, bytes]]:
    """All files of a photo, ascending; empty if none of them can be read. `stored` are their names so far.

    Files that are left stay as they are. The photo is smaller than before if its largest files are missing. Raises
    Unavailable.
    """
    left = {variant: content for variant, name in stored.items() if (content := _content(storage, name)) is not None}
    for source in sorted(left, key=lambda each: (-each.width * each.height, each.content_type != JPEG)):
        content = left[source]
        try:
            made = decoder.decode(content).renditions
        except (Invalid, TooLarge, UnsupportedMedia):  # damaged, as the disk perhaps is
            del left[source]
            continue
        kept = {(each.width, each.height, each.content_type): found for each, found in left.items()}
        shapes = [(each.variant.width, each.variant.height, each.variant.content_type) for each in made]
        return [(each.variant, kept.get(shape, each.data)) for each, shape in zip(made, shapes, strict=True)]
    return []


def _content(storage: Storage, name: str) -> bytes | None:
    try:
        return storage.get(name)
    except NotFound:
        return None
