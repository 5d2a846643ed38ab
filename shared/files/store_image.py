"""Stores the files of an image so that unused ones are deleted."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from shared.files.storage import Storage


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file to store."""

    name: str
    data: bytes
    content_type: str


def store_image(storage: Storage, files: Sequence[StoredFile], reserve: Callable[[list[str]], None]) -> None:
    """Store these files.

    `reserve` commits that their names are to be deleted later (garbage.schedule_deletion). The transaction that uses
    the image keeps them (garbage.keep).
    """
    # Before the first byte is stored: a crash at any point leaves no file for ever.
    reserve([file.name for file in files])
    for file in files:
        storage.put(file.name, file.data, file.content_type)
