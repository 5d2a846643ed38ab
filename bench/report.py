"""Tables, goals and charts of one measurement: printed, and stored with a description of the machine."""

import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from bench.charts import bars

RESULTS = Path(__file__).with_name("results")
LIBRARIES = ("uvicorn", "fastapi", "sqlalchemy", "pymysql", "aiohttp", "httpx", "pyjwt", "aio-pika")


@dataclass(frozen=True)
class Goal:
    """A goal, and the measured value."""

    name: str
    limit: str
    found: str
    held: bool

    def __str__(self) -> str:
        return f"{'ok' if self.held else 'MISSED'}: {self.name}: {self.found} (goal: {self.limit})"


class Report:
    """Of one measurement."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.goals: list[Goal] = []
        self._lines: list[str] = []
        self._pictures: dict[str, str] = {}
        self.say(f"# {name}")
        self.say(f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC. {machine()}")

    def say(self, text: str) -> None:
        """A paragraph."""
        print(text, flush=True)
        self._lines += [text, ""]

    def table(self, title: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """With columns of equal width, readable as text."""
        self.say(f"{title}\n\n{markdown(head, rows)}")

    def goal(self, name: str, limit: str, found: str, *, held: bool) -> None:
        """Record whether it is reached."""
        goal = Goal(name, limit, found, held)
        self.goals.append(goal)
        self.say(f"- {goal}")

    def picture(self, name: str, title: str, values: Mapping[str, float], unit: str) -> None:
        """A bar chart, stored next to the tables."""
        self._pictures[name] = bars(title, values, unit)

    def keep(self, folder: Path = RESULTS) -> Path:
        """Write the report; a later one of the same day and name replaces it."""
        day = f"{datetime.now(UTC):%Y-%m-%d}"
        for name, picture in self._pictures.items():
            file = folder / f"{day}-{name}.svg"
            file.write_text(picture)
            self._lines += [f"![{name}]({file.name})", ""]
        kept = folder / f"{day}-{self.name}.md"
        kept.write_text("\n".join(self._lines).rstrip() + "\n")
        return kept


def markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table. The first column is text, the others are figures."""
    widths = [max(len(line[column]) for line in (head, *rows)) for column in range(len(head))]
    ruler = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    return "\n".join(_line(cells, widths) for cells in (head, ruler, *rows))


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    first, *figures = zip(cells, widths, strict=True)
    aligned = [first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in figures)]
    return f"| {' | '.join(aligned)} |"


def machine() -> str:
    """The description of the machine."""
    versions = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    system = f"{os.cpu_count()} cores, Linux {platform.release()}, Python {platform.python_version()}"
    return f"{system}, {versions}. Load average before: {os.getloadavg()[0]:.2f}."
