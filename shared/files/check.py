"""Compares the stored files with those that the database uses."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from shared.errors import NotFound
from shared.files.storage import Storage


@dataclass(frozen=True, slots=True)
class Comparison:
    used: int
    unused: list[str]
    """Stored, but neither in use nor scheduled for deletion: a restored database does not know them."""
    missing: dict[int, list[str]]
    """In use, but not stored, by the ids of the rows that use them."""
    is_empty: bool
    """Whether nothing is stored although there are names in use: it may be another storage."""


def compare(
    storage: Storage,
    scheduled: Iterable[str],
    used: Iterable[tuple[int, Sequence[str]]],
    folders: Iterable[str] = (),
) -> Comparison:
    """Compare all files, except those in these folders, with the names in the database. The service may run meanwhile.

    `scheduled` are the names of files that are to be deleted, or were not stored yet; `used` those of each row, with
    its id. Both have to be read lazily: they are read after the files are listed, and `used` last, because a name is
    scheduled before its file is stored, until the transaction that uses it. Takes about 100 bytes of memory for each
    file.
    """
    ignored = tuple(f"{folder}/" for folder in folders)
    stored = {name for page in storage.pages() for name in page if not name.startswith(ignored)}
    unused, count, missing = stored.difference(scheduled), 0, dict[int, list[str]]()
    for row_id, names in used:
        count += len(names)
        unused.difference_update(names)
        absent = [name for name in names if name not in stored and not _exists(storage, name)]
        if absent:
            missing[row_id] = sorted(absent)
    return Comparison(count, sorted(unused), missing, is_empty=count > 0 and not stored)


def _exists(storage: Storage, name: str) -> bool:
    try:
        storage.size(name)
    except NotFound:
        return False
    return True
