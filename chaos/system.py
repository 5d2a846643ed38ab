"""What a run torments: either a cluster of real processes, or the whole of it in one. Both look like this."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from sqlalchemy import Engine

from chaos.processes import Process

ACCESS_TOKEN_SECONDS = 120
CHEAP = {"ARGON2_MEMORY_KIB": "64", "ARGON2_ITERATIONS": "1"}
"""Thousands sign up, log in and withdraw; what is tested here is not the cost of a password."""


@dataclass(frozen=True)
class Fault:
    """Something that can be done to a part, and how long it lasts."""

    kind: str
    part: str
    strike: Callable[[], None]
    end: Callable[[], None] = lambda: None
    seconds: float = 0.0
    enough: Callable[[], bool] = lambda: True
    """Whether it has been felt; a slow machine gets more time for that."""


class System(Protocol):
    """The system under torment."""

    base_url: str
    processes: dict[str, Process]
    engines: dict[str, Engine]
    files: dict[str, Path]

    def start(self) -> None:
        """Make everything, and return when it is ready."""

    def stop(self) -> None:
        """End and remove everything."""

    def faults(self) -> list[Fault]:
        """What can befall it, besides kills of its processes."""

    def is_ready(self) -> bool:
        """Whether every part says that it can work."""

    def waiting_messages(self) -> dict[str, int]:
        """Messages that the broker holds, by queue; those without any are left out."""

    def printed(self) -> dict[str, str]:
        """All logs, by who wrote them."""
