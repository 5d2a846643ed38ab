"""Ids: 64 bits that are identity, order of creation and cursor at once, made without coordination.

41 bits count milliseconds since 2025 (enough until 2094), 22 bits are random, and within a process each
id is larger than the one before. Two processes may meet on the same id once in a few million tries within
one millisecond: the primary key notices and the transaction is run again.

On the wire an id is 16 hexadecimal digits, so that text sorts as the number does.
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
    """A fresh id, larger than every earlier one of this process."""
    global _last  # noqa: PLW0603 - the one counter that makes ids increase within the process
    candidate = (clock.now() - EPOCH) << RANDOM_BITS | _random.getrandbits(RANDOM_BITS)
    with _lock:
        _last = max(candidate, _last + 1)
        return _last


def first_id_at(moment: int) -> int:
    """The smallest id that can be made at this moment (ms since 1970): a bound for questions about time."""
    return max(moment - EPOCH, 0) << RANDOM_BITS


def encode(value: int) -> str:
    """The id as it travels."""
    return f"{value:016x}"


def parse(value: str) -> int:
    """The id that this text stands for. ValueError for what no id looks like."""
    if not _WIRE.fullmatch(value):
        raise ValueError("not an id")
    return int(value, 16)


def _from_wire(value: Any) -> int:
    if not isinstance(value, str):  # a number would pass for an id, also one that no database can hold
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
