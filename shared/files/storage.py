"""Storage of files: a folder on one machine, or object storage (S3) for many.

Names are chosen by us and never by a client. In both, a file appears complete or not at all.
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar

import structlog

from shared.errors import NotFound, Unavailable

NAME = re.compile(r"(?!.*\.\.)[a-z0-9_-][a-z0-9._-]*(/[a-z0-9_-][a-z0-9._-]*)*")
MAX_NAME_LENGTH = 200
PAGE_SIZE = 1_000
log = structlog.get_logger()


class Storage(ABC):
    """Stores bytes by name. Blocking: called from threads. Every method raises Unavailable within 20 seconds.

    A file is durable when `put` returns, and deleted when `delete` does.
    """

    _errors: ClassVar[tuple[type[Exception], ...]] = (OSError,)
    """What is raised when the disk or the server fails. A file that does not exist is a FileNotFoundError."""

    def put(self, name: str, data: bytes, content_type: str) -> None:
        """Store these bytes; replaces a file of this name atomically. A folder does not keep the content type."""
        name = _ours(name)
        with self._reachable():
            self._put(name, data, content_type)

    def put_file(self, name: str, path: Path, content_type: str) -> None:
        """Store the content of this file, which may be larger than the memory; otherwise as `put`.

        In object storage in parts, of which each request takes at most as long as one of `put`.
        """
        name = _ours(name)
        with self._reachable():
            self._put_file(name, path, content_type)

    def get(self, name: str) -> bytes:
        """The bytes of this file. Raises NotFound, also for an invalid name, which may come from a client."""
        with self._existing(name):
            return self._get(name)

    def stream(self, name: str, size: int) -> tuple[int, Generator[bytes]]:
        """The length of the file in bytes, and its bytes in pieces of about this size.

        Raises NotFound as `get` does. Whoever does not read them all closes the generator.
        """
        with self._existing(name):
            length, pieces = self._stream(name, size)
        return length, self._checked(pieces)

    def size(self, name: str) -> int:
        """In bytes. Raises NotFound as `get` does."""
        with self._existing(name):
            return self._size(name)

    def get_range(self, name: str, start: int, end: int) -> bytes:
        """The bytes from `start` up to, but without, `end`. Raises NotFound as `get` does."""
        with self._existing(name):
            return self._get_range(name, start, end)

    def delete(self, names: Iterable[str]) -> None:
        """Delete these files; those that do not exist are ignored."""
        wanted = [_ours(name) for name in names]
        for start in range(0, len(wanted), PAGE_SIZE):
            with self._reachable():
                self._delete(wanted[start : start + PAGE_SIZE])

    def pages(self, prefix: str | None = None) -> Iterator[dict[str, int]]:
        """The names of all files, or of those below a folder, with their sizes in bytes; in no order, a page at a time.

        Without files that are only partly written.
        """
        with self._reachable():
            yield from self._pages(prefix and _ours(prefix))

    @abstractmethod
    def _put(self, name: str, data: bytes, content_type: str) -> None: ...

    @abstractmethod
    def _put_file(self, name: str, path: Path, content_type: str) -> None: ...

    @abstractmethod
    def _get(self, name: str) -> bytes: ...

    @abstractmethod
    def _stream(self, name: str, size: int) -> tuple[int, Generator[bytes]]: ...

    @abstractmethod
    def _size(self, name: str) -> int: ...

    @abstractmethod
    def _get_range(self, name: str, start: int, end: int) -> bytes: ...

    @abstractmethod
    def _delete(self, names: Sequence[str]) -> None: ...

    @abstractmethod
    def _pages(self, prefix: str | None) -> Iterator[dict[str, int]]: ...

    def _checked(self, pieces: Generator[bytes]) -> Generator[bytes]:
        with self._reachable():
            yield from pieces

    @contextmanager
    def _existing(self, name: str) -> Iterator[None]:
        missing = NotFound("not_found", "There is no such file.")
        if not is_name(name):
            raise missing
        with self._reachable():
            try:
                yield
            except FileNotFoundError:
                raise missing from None

    @contextmanager
    def _reachable(self) -> Iterator[None]:
        """Turns errors of a full or missing disk, or of an unreachable bucket, into Unavailable."""
        try:
            yield
        except self._errors as cause:
            log.error("storage failed", reason=f"{type(cause).__name__}: {str(cause).partition(chr(10))[0]}")
            raise Unavailable(
                "storage_unavailable", "The file storage is unavailable right now.", retry_after=5
            ) from cause


def is_name(name: str) -> bool:
    return len(name) <= MAX_NAME_LENGTH and NAME.fullmatch(name) is not None


def _ours(name: str) -> str:
    if not is_name(name):
        raise ValueError(f"{name!r} is not a valid file name")
    return name
