"""Lists in pages: a limit, and a signed cursor that says after which item to go on, never how many to skip."""

import base64
import hashlib
import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import orjson

from shared import errors

Row = TypeVar("Row")

_MAC_BYTES = 12
MAX_CURSOR_LENGTH = 2_048
"""Characters. A position may hold a text of 120 characters that JSON writes with six bytes each."""


@dataclass(frozen=True, slots=True)
class PageRequest:
    """What was asked for: so many items, after this position (None: from the start)."""

    limit: int
    after: tuple[Any, ...] | None


@dataclass(frozen=True, slots=True)
class Page:
    """What was found, and the position after which more follows (None: that was all)."""

    items: list[Any]
    next: tuple[Any, ...] | None

    @classmethod
    def of(
        cls,
        rows: Sequence[Row],
        page: PageRequest,
        item: Callable[[Row], Any],
        position: Callable[[Row], tuple[Any, ...]],
    ) -> "Page":
        """Of rows asked for with one more than the page's limit: its items, and where to go on if more follow."""
        kept = rows[: page.limit]
        return cls([item(row) for row in kept], position(kept[-1]) if len(rows) > page.limit else None)


class CursorSigner:
    """Writes and reads cursors. A cursor is bound to its list: path and every other parameter."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def write(self, position: tuple[Any, ...], scope: str) -> str:
        """Opaque text for this position in this list."""
        plain = orjson.dumps(position)
        return _encoded(self._mac(plain, scope) + plain)

    def read(self, cursor: str, scope: str) -> tuple[Any, ...]:
        """The position in this cursor. Raises errors.Malformed where it is not one of ours for this list."""
        try:
            if len(cursor) > MAX_CURSOR_LENGTH:
                raise ValueError("too long")
            raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
            mac, plain = raw[:_MAC_BYTES], raw[_MAC_BYTES:]
            if not hmac.compare_digest(mac, self._mac(plain, scope)) or _encoded(raw) != cursor:
                raise ValueError("not as we wrote it")
            return tuple(orjson.loads(plain))
        except ValueError as problem:
            raise errors.Malformed("invalid_cursor", "This cursor does not belong to this list.") from problem

    def _mac(self, plain: bytes, scope: str) -> bytes:
        return hmac.digest(self._key, scope.encode() + b"\0" + plain, hashlib.sha256)[:_MAC_BYTES]


def _encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
