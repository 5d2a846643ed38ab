"""What the checks read: the history of the run and the rows of each service; and the kinds of differences."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, Select

from chaos.history import History
from chaos.system import System
from shared import ids

LOST, DOUBLED, ORPHANED, RESURRECTED, COUNTERS, TRACES, UNFINISHED, WRONG = (
    "lost", "doubled", "orphaned", "resurrected", "counters", "traces", "unfinished", "wrong",
)  # fmt: skip


@dataclass(frozen=True)
class Difference:
    kind: str
    what: str


@dataclass(frozen=True)
class CheckContext:
    history: History
    system: System

    def rows(self, service: str, statement: Select[Any]) -> list[Row[Any]]:
        with self.system.engines[service].connect() as connection:
            return list(connection.execute(statement).all())

    @property
    def gone(self) -> set[int]:
        """Users whose withdrawal was acknowledged."""
        return {ids.parse(person.id) for person in self.history.people if person.id and person.gone}

    @property
    def living(self) -> set[int]:
        """Users who never requested a withdrawal."""
        return {ids.parse(person.id) for person in self.history.people if person.id and person.living}


def each(kind: str, what: str, found: Iterable[object]) -> list[Difference]:
    return [Difference(kind, f"{what}: {thing}") for thing in found]


def repeated(values: Iterable[Any]) -> list[Any]:
    """Values that occur more than once."""
    return [value for value, times in Counter(values).items() if times > 1]
