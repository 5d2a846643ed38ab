"""Keyset pagination: a limit, and a signed cursor with the sort key of the last item."""

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
    """The requested page: at most `limit` items after the position `after` (None: from the start)."""

    limit: int
    after: tuple[Any, ...] | None


@dataclass(frozen=True, slots=True)
class Page:
    """The items of a page, and the position of the next page (None: this is the last)."""

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
        """From rows selected with `LIMIT page.limit + 1`: an additional row means that there is a next page."""
        kept = rows[: page.limit]
        return cls([item(row) for row in kept], position(kept[-1]) if len(rows) > page.limit else None)


class CursorSigner:
    """Signs and verifies cursors. A cursor is valid only for its list: `scope` is the path and all other parameters."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def encode(self, position: tuple[Any, ...], scope: str) -> str:
        """An opaque cursor for this position in this list."""
        plain = orjson.dumps(position)
        return _encoded(self._mac(plain, scope) + plain)

    def decode(self, cursor: str, scope: str) -> tuple[Any, ...]:
        """The position in this cursor. Raises errors.Malformed if it was not signed for this list."""
        try:
            if len(cursor) > MAX_CURSOR_LENGTH:
                raise ValueError("too long")
            raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
            mac, plain = raw[:_MAC_BYTES], raw[_MAC_BYTES:]
            if not hmac.compare_digest(mac, self._mac(plain, scope)) or _encoded(raw) != cursor:
                raise ValueError("not in canonical form")
            return tuple(orjson.loads(plain))
        except ValueError as problem:
            raise errors.Malformed("invalid_cursor", "This cursor does not belong to this list.") from problem

    def _mac(self, plain: bytes, scope: str) -> bytes:
        return hmac.digest(self._key, scope.encode() + b"\0" + plain, hashlib.sha256)[:_MAC_BYTES]


def _encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
