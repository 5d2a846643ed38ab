"""Files are copied from one storage to another, and only those that are missing."""

from pathlib import Path

from obstore.store import MemoryStore

from shared.files.copy import copy_files
from shared.files.folder import FolderStorage
from shared.files.object_storage import ObjectStorage


def test_missing_files_are_copied_and_a_second_run_copies_none(tmp_path: Path) -> None:
    source, target = FolderStorage(tmp_path / "source"), ObjectStorage(MemoryStore())
    source.put("a.jpg", b"one", "image/jpeg")
    source.put("withdrawals/0000000000000001", b"two", "text/plain")
    target.put("a.jpg", b"on", "image/jpeg")
    assert copy_files(source, target) == 2, "a file of another size is incomplete"
    assert (target.get("a.jpg"), target.get("withdrawals/0000000000000001")) == (b"one", b"two")
    assert copy_files(source, target) == 0
