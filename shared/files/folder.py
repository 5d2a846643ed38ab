"""Storage of files in a folder of this machine."""

import os
import shutil
from collections.abc import Generator, Iterator, Sequence
from contextlib import suppress
from io import BytesIO
from itertools import count
from pathlib import Path
from typing import BinaryIO

from .storage import PAGE_SIZE, Storage


class FolderStorage(Storage):
    """Flushes to the disk, and removes what a killed process wrote of a file.

    A file is written under the name `NAME#1`, or with the next free number, and then renamed.
    """

    def __init__(self, root: Path) -> None:
        root.mkdir(parents=True, exist_ok=True)
        self._root = root

    def _put(self, name: str, data: bytes, content_type: str) -> None:  # noqa: ARG002 - a folder has no content types
        self._copy(name, BytesIO(data))

    def _put_file(self, name: str, path: Path, content_type: str) -> None:  # noqa: ARG002 - as above
        with path.open("rb") as source:
            self._copy(name, source)

    def _copy(self, name: str, source: BinaryIO) -> None:
        path = self._root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        file = _new_part(path)
        part = Path(file.name)
        try:
            with file:
                shutil.copyfileobj(source, file)
                file.flush()
                os.fsync(file.fileno())
            part.replace(path)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
        _remove_parts(path)
        _flush(path.parent)

    def _get(self, name: str) -> bytes:
        with self._open(name) as file:
            return file.read()

    def _stream(self, name: str, size: int) -> tuple[int, Generator[bytes]]:
        file = self._open(name)
        pieces = _pieces(file, size)
        next(pieces)  # a generator that has begun closes the file when it is closed
        return os.fstat(file.fileno()).st_size, pieces

    def _size(self, name: str) -> int:
        with self._open(name) as file:
            return os.fstat(file.fileno()).st_size

    def _get_range(self, name: str, start: int, end: int) -> bytes:
        with self._open(name) as file:
            file.seek(start)
            return file.read(end - start)

    def _delete(self, names: Sequence[str]) -> None:
        paths = [self._root / name for name in names]
        for path in paths:
            path.unlink(missing_ok=True)
            _remove_parts(path)
        for parent in {path.parent for path in paths if path.parent.exists()}:
            _flush(parent)

    def _pages(self, prefix: str | None) -> Iterator[dict[str, int]]:
        if not self._root.is_dir():
            raise FileNotFoundError(self._root)  # not mounted: that is not the same as empty
        page: dict[str, int] = {}
        for path in _files(self._root / (prefix or "")):
            with suppress(FileNotFoundError):  # deleted since it was listed
                page[path.relative_to(self._root).as_posix()] = path.stat().st_size
            if len(page) == PAGE_SIZE:
                yield page
                page = {}
        if page:
            yield page

    def _open(self, name: str) -> BinaryIO:
        try:
            return (self._root / name).open("rb")
        except (IsADirectoryError, NotADirectoryError) as cause:
            raise FileNotFoundError(name) from cause


def _new_part(path: Path) -> BinaryIO:
    for number in count(1):
        with suppress(FileExistsError):
            return path.with_name(f"{path.name}#{number}").open("xb")
    raise AssertionError


def _remove_parts(path: Path) -> None:
    with suppress(FileNotFoundError):
        for number in count(1):
            path.with_name(f"{path.name}#{number}").unlink()


def _pieces(file: BinaryIO, size: int) -> Generator[bytes]:
    with file:
        yield b""
        while piece := file.read(size):
            yield piece


def _files(folder: Path) -> Iterator[Path]:
    """Those that are whole, at any depth."""
    try:
        entries = os.scandir(folder)
    except FileNotFoundError:
        return
    with entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                yield from _files(Path(entry.path))
            elif "#" not in entry.name:
                yield Path(entry.path)


def _flush(folder: Path) -> None:
    """A rename or a removal is atomic, but durable only when its folder is flushed."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
