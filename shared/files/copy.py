"""Copies all files of one storage into another: between folders and object storage, in either direction."""

import mimetypes

from shared.errors import NotFound
from shared.files.storage import Storage


def copy_files(source: Storage, target: Storage) -> int:
    """Copy the files that the target does not have. Returns how many.

    Safe to interrupt and to repeat, and while files are added and deleted: what is added after its folder was listed is
    copied by the next run. A file of the same name and size is the same file, because files never change.
    """
    return sum(
        _copy(source, target, name)
        for page in source.pages()
        for name, size in page.items()
        if not _is_there(target, name, size)
    )


def _copy(source: Storage, target: Storage, name: str) -> bool:
    try:
        content = source.get(name)
    except NotFound:  # deleted since it was listed
        return False
    target.put(name, content, mimetypes.guess_type(name)[0] or "application/octet-stream")
    return True


def _is_there(target: Storage, name: str, size: int) -> bool:
    try:
        return target.size(name) == size
    except NotFound:
        return False
