"""Object storage (S3 and what is compatible with it), by the library obstore."""

import os
from collections.abc import Generator, Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal, Self

import obstore
from obstore.exceptions import BaseError
from obstore.store import MemoryStore, S3Store

from shared.settings_files import content_of

from .storage import PAGE_SIZE, Storage

CONNECT_SECONDS, REQUEST_SECONDS = 1, 10
"""How long connecting to object storage, and one whole request, may take."""
MAX_RETRIES, RETRY_SECONDS = 3, 10
"""Of a request that failed: how often, and until when, it is sent again. So no call takes longer than 20 seconds."""
CREDENTIALS: tuple[Literal["access_key_id", "secret_access_key", "session_token"], ...] = (
    "access_key_id", "secret_access_key", "session_token",
)  # fmt: skip
"""Of object storage. All other variables are read by the library."""

if TYPE_CHECKING:
    from obstore.store import S3Config  # exists only for type checkers


class ObjectStorage(Storage):
    """One bucket, or a part of it. Serves files with their content types."""

    _errors: ClassVar[tuple[type[Exception], ...]] = (BaseError, OSError)

    def __init__(self, store: S3Store | MemoryStore) -> None:
        self._store = store

    @classmethod
    def from_url(cls, url: str) -> Self:
        """As `storage_from` does. Raises ValueError."""
        store = S3Store.from_url(
            url,
            client_options={
                "connect_timeout": timedelta(seconds=CONNECT_SECONDS),
                "timeout": timedelta(seconds=REQUEST_SECONDS),
                # AWS_ALLOW_HTTP has no effect beside options that are given here.
                "allow_http": os.environ.get("AWS_ALLOW_HTTP", "").lower() in ("1", "true"),
            },
            config=_credentials_of_files(),
            retry_config={"max_retries": MAX_RETRIES, "retry_timeout": timedelta(seconds=RETRY_SECONDS)},
        )
        return cls(store)

    def _put(self, name: str, data: bytes, content_type: str) -> None:
        obstore.put(self._store, name, data, attributes={"Content-Type": content_type}, use_multipart=False)

    def _put_file(self, name: str, path: Path, content_type: str) -> None:
        obstore.put(self._store, name, path, attributes={"Content-Type": content_type}, use_multipart=True)

    def _get(self, name: str) -> bytes:
        return bytes(obstore.get(self._store, name).bytes())

    def _stream(self, name: str, size: int) -> tuple[int, Generator[bytes]]:
        found = obstore.get(self._store, name)
        return found.meta["size"], (bytes(piece) for piece in found.stream(min_chunk_size=size))

    def _size(self, name: str) -> int:
        return obstore.head(self._store, name)["size"]

    def _get_range(self, name: str, start: int, end: int) -> bytes:
        return bytes(obstore.get_range(self._store, name, start=start, end=end))

    def _delete(self, names: Sequence[str]) -> None:
        obstore.delete(self._store, names)

    def _pages(self, prefix: str | None) -> Iterator[dict[str, int]]:
        for page in obstore.list(self._store, prefix, chunk_size=PAGE_SIZE):
            yield {entry["path"]: entry["size"] for entry in page}


def _credentials_of_files() -> "S3Config":
    found: S3Config = {}
    for name in CREDENTIALS:
        content = content_of(f"AWS_{name.upper()}")
        if content is not None:
            found[name] = content
    return found
