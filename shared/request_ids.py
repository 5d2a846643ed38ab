"""The request id, passed through services and events: the client's if it is well-formed, else a new one."""

import re
import secrets
from collections.abc import Iterable

_WELL_FORMED = re.compile(r"[A-Za-z0-9._-]{1,128}")


def of(headers: Iterable[tuple[bytes, bytes]]) -> str:
    """The id in these headers, or a new one."""
    for name, value in headers:
        if name == b"x-request-id":
            text = value.decode("latin-1")
            return text if _WELL_FORMED.fullmatch(text) else fresh()
    return fresh()


def fresh() -> str:
    """A new id."""
    return secrets.token_hex(16)
