"""Snowflake ids: 64-bit integers, ordered by creation time, generated without coordination.

41 bits count milliseconds since 2025 (until 2094), 22 bits are random, and within a process each id is larger than
the one before. Two processes rarely generate the same id in one millisecond (once in millions); the primary key then
fails and the transaction is retried.

In JSON and URLs an id is 16 hexadecimal digits, so that texts sort as the numbers do; a column is id,
order and cursor.
"""

import random
import re
import threading
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, PlainSerializer, WithJsonSchema

from shared import clock

EPOCH = 1_735_689_600_000
RANDOM_BITS = 22

_WIRE = re.compile(r"[0-7][0-9a-f]{15}")
_lock = threading.Lock()
_random = random.SystemRandom()
_last = 0


def new() -> int:
    """A new id, larger than every earlier one of this process."""
    global _last  # noqa: PLW0603 - the one counter that makes ids increase within the process
    candidate = (clock.now() - EPOCH) << RANDOM_BITS | _random.getrandbits(RANDOM_BITS)
    with _lock:
        _last = max(candidate, _last + 1)
        return _last


def first_id_at(moment: int) -> int:
    """The smallest id of this time (ms since 1970): a bound for queries by time."""
    return max(moment - EPOCH, 0) << RANDOM_BITS


def created_at(value: int) -> int:
    """When this id was generated (ms since 1970)."""
    return (value >> RANDOM_BITS) + EPOCH


def encode(value: int) -> str:
    """The id as text."""
    return f"{value:016x}"


def parse(value: str) -> int:
    """The reverse of `encode`. Raises ValueError."""
    if not _WIRE.fullmatch(value):
        raise ValueError("not an id")
    return int(value, 16)


def _from_wire(value: Any) -> int:
    if not isinstance(value, str):  # a JSON number would be accepted, even one that the column cannot hold
        raise ValueError("not an id")
    return parse(value)


Id = Annotated[
    int,
    BeforeValidator(_from_wire),
    Field(strict=True),
    PlainSerializer(encode, return_type=str),
    WithJsonSchema({"type": "string", "pattern": "^[0-7][0-9a-f]{15}$", "examples": ["0037a52d5f400001"]}),
]
"""An int inside, 16 hexadecimal digits outside."""
