"""Stores the files of an image so that none stays behind when nothing uses them."""

from collections.abc import Callable, Mapping

from shared.files.storage import Storage


def store_image(
    storage: Storage, files: Mapping[str, bytes], content_type: str, reserve: Callable[[list[str]], None]
) -> None:
    """Store the files by their names.

    `reserve` commits that these names are to be deleted later (garbage.schedule_deletion). The transaction that uses
    the image keeps them (garbage.keep).
    """
    reserve([*files])  # before the first byte is stored: a crash at any point leaves no file for ever
    for name, data in files.items():
        storage.put(name, data, content_type)
