"""The four schemas and what they should hold: rows by SQL, ids as clients see them, differences by kind."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, Select

from chaos.history import History
from chaos.system import System
from shared import ids

LOST, DOUBLED, ORPHANED, BACK, COUNTS, TRACES, UNFINISHED, WRONG = (
    "lost", "doubled", "orphaned", "resurrected", "counters", "traces", "unfinished", "wrong",
)  # fmt: skip


@dataclass(frozen=True)
class Difference:
    """Something that is not as it should be."""

    kind: str
    what: str


@dataclass(frozen=True)
class Ledger:
    """What the checks look at."""

    history: History
    system: System

    def rows(self, service: str, question: Select[Any]) -> list[Row[Any]]:
        """The answer of this service's schema."""
        with self.system.engines[service].connect() as connection:
            return list(connection.execute(question).all())

    @property
    def gone(self) -> set[int]:
        """Who has certainly withdrawn."""
        return {ids.parse(person.id) for person in self.history.people if person.id and person.gone}

    @property
    def living(self) -> set[int]:
        """Who certainly has not."""
        return {ids.parse(person.id) for person in self.history.people if person.id and person.living}


def each(kind: str, what: str, found: Iterable[object]) -> list[Difference]:
    """A difference for each of these."""
    return [Difference(kind, f"{what}: {thing}") for thing in found]


def repeated(values: Iterable[Any]) -> list[Any]:
    """Those that are there more than once."""
    return [value for value, times in Counter(values).items() if times > 1]
