"""Storage of files: a folder on one machine, or object storage (S3) for many.

Names are chosen by us and never by a client. In both, a file appears complete or not at all.
"""

import os
import re
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from urllib.parse import unquote, urlsplit

import obstore
import structlog
from obstore.exceptions import BaseError
from obstore.store import LocalStore, MemoryStore, S3Store

from shared.errors import NotFound, Unavailable

NAME = re.compile(r"(?!.*\.\.)[a-z0-9_-][a-z0-9._-]*(/[a-z0-9_-][a-z0-9._-]*)*")
LONGEST_NAME = 200
PAGE = 1_000
log = structlog.get_logger()

Store = LocalStore | S3Store | MemoryStore


def _nothing_to_settle(_name: str) -> None:
    """Object storage responds only when the file is durable."""


class Storage:
    """Stores bytes by name. Blocking: called from threads."""

    def __init__(self, store: Store, settle: Callable[[str], None] = _nothing_to_settle) -> None:
        self._store = store
        self._settle = settle

    def put(self, name: str, data: bytes, content_type: str) -> None:
        """Store these bytes; replaces a file of this name atomically."""
        # A folder cannot store a content type; object storage serves files with theirs.
        attributes = None if isinstance(self._store, LocalStore) else {"Content-Type": content_type}
        with _reachable():
            obstore.put(self._store, _ours(name), data, attributes=attributes, use_multipart=False)
            self._settle(name)

    def get(self, name: str) -> bytes:
        """The bytes of this file. Raises NotFound, also for an invalid name, which may come from a client."""
        if not is_name(name):
            raise _missing()
        with _reachable():
            try:
                return bytes(obstore.get(self._store, name).bytes())
            except FileNotFoundError:
                raise _missing() from None

    def stream(self, name: str, size: int) -> tuple[int, Generator[bytes]]:
        """The length of the file in bytes, and its bytes in pieces of about this size.

        Raises NotFound as `get` does.
        """
        if not is_name(name):
            raise _missing()
        with _reachable():
            try:
                found = obstore.get(self._store, name)
            except FileNotFoundError:
                raise _missing() from None
        return found.meta["size"], _pieces(found.stream(min_chunk_size=size))

    def size(self, name: str) -> int:
        """In bytes. Raises NotFound as `get` does."""
        if not is_name(name):
            raise _missing()
        with _reachable():
            try:
                return obstore.head(self._store, name)["size"]
            except FileNotFoundError:
                raise _missing() from None

    def get_range(self, name: str, start: int, end: int) -> bytes:
        """The bytes from `start` up to, but without, `end`. Raises NotFound as `get` does."""
        if not is_name(name):
            raise _missing()
        with _reachable():
            try:
                return bytes(obstore.get_range(self._store, name, start=start, end=end))
            except FileNotFoundError:
                raise _missing() from None

    def delete(self, names: Iterable[str]) -> None:
        """Delete these files; those that do not exist are ignored."""
        wanted = [_ours(name) for name in names]
        for start in range(0, len(wanted), PAGE):
            self._delete_page(wanted[start : start + PAGE])

    def names(self, prefix: str) -> Iterator[list[str]]:
        """The names of all files below a folder, in no order, a page at a time."""
        with _reachable():
            for page in obstore.list(self._store, _ours(prefix), chunk_size=PAGE):
                yield [entry["path"] for entry in page]

    def _delete_page(self, names: list[str]) -> None:
        with _reachable():
            try:
                obstore.delete(self._store, names)
            except FileNotFoundError:
                self._delete_one_by_one(names)  # a folder stops at the first that does not exist

    def _delete_one_by_one(self, names: list[str]) -> None:
        for name in names:
            try:
                obstore.delete(self._store, name)
            except FileNotFoundError:
                continue


def storage_from(url: str) -> Storage:
    """`file:///a/folder`, or `s3://bucket/prefix` with the usual AWS_* variables of the environment."""
    parts = urlsplit(url)
    if parts.scheme == "file" and parts.netloc in ("", "localhost") and parts.path.strip("/"):
        return folder(Path(unquote(parts.path)))
    if parts.scheme == "s3" and parts.netloc:
        return Storage(_bucket(url))
    raise ValueError(f"A storage is file:///folder or s3://bucket/prefix, not {url!r}.")


def folder(path: Path) -> Storage:
    return Storage(LocalStore(path, mkdir=True), _flush_below(path))


def _pieces(stream: Iterable[bytes]) -> Generator[bytes]:
    yield from map(bytes, stream)


def is_name(name: str) -> bool:
    return len(name) <= LONGEST_NAME and NAME.fullmatch(name) is not None


def _bucket(url: str) -> S3Store:
    return S3Store.from_url(
        url,
        client_options={"connect_timeout": timedelta(seconds=1), "timeout": timedelta(seconds=15)},
        retry_config={"max_retries": 3, "retry_timeout": timedelta(seconds=20)},
    )


def _flush_below(root: Path) -> Callable[[str], None]:
    """Flushes the file and its directory entry to the disk: the rename is atomic, but not durable."""

    def flush(name: str) -> None:
        path = root / name
        for place in (path, path.parent):
            descriptor = os.open(place, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)

    return flush


def _ours(name: str) -> str:
    if not is_name(name):
        raise ValueError(f"{name!r} is no name of ours")
    return name


@contextmanager
def _reachable() -> Iterator[None]:
    """Turns errors of a full or missing disk, or of an unreachable bucket, into Unavailable."""
    try:
        yield
    except (BaseError, OSError) as cause:
        log.error("storage failed", reason=repr(cause))
        raise Unavailable("storage_unavailable", "The file storage is unavailable right now.", retry_after=5) from cause


def _missing() -> NotFound:
    return NotFound("not_found", "There is no such file.")
