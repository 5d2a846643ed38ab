"""An answer before it becomes a response: what is kept beside the write that it answers."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, body and the headers that are its own."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
