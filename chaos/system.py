"""The interface of a system under test: a cluster of processes, or everything in one."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from sqlalchemy import Engine

from chaos.processes import Process

ACCESS_TOKEN_SECONDS = 120
BROKER_COUNTS_AGE_SECONDS = 6.0
"""RabbitMQ's queues report their lengths every five seconds."""
CHEAP_PASSWORD_HASHES = {"ARGON2_MEMORY_KIB": "64", "ARGON2_ITERATIONS": "1"}


@dataclass(frozen=True)
class Fault:
    """A fault of one part, and its duration."""

    kind: str
    part: str
    begin: Callable[[], None]
    end: Callable[[], None] = lambda: None
    seconds: float = 0.0
    has_effect: Callable[[], bool] = lambda: True


class System(Protocol):
    """The system under test."""

    base_url: str
    processes: dict[str, Process]
    engines: dict[str, Engine]
    files: dict[str, Path]
    counts_age_seconds: float
    """How old the counts of `waiting_messages` may be."""

    def start(self) -> None:
        """Returns when it is ready."""

    def stop(self) -> None:
        """Stop and remove everything."""

    def faults(self) -> list[Fault]:
        """Possible faults besides kills of processes."""

    def is_ready(self) -> bool:
        """Whether every part reports that it is ready."""

    def waiting_messages(self) -> dict[str, int]:
        """Messages in the broker, by queue; empty queues are left out."""

    def printed(self) -> dict[str, str]:
        """All logs, by process."""
