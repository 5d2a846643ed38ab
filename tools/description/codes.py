"""The codes of all problems: docs/errors.md has a row for each, and the code has each of these rows."""

import re
from dataclasses import dataclass
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs" / "errors.md"
_ROW = re.compile(
    r"^\| `(?P<code>[a-z_]+)` \| (?P<statuses>[0-9, ]+) \| (?P<when>[^|]+) \| (?P<do>[^|]+) \|$", re.MULTILINE
)


@dataclass(frozen=True, slots=True)
class Row:
    """A code, its statuses, when it occurs, and what a client should do."""

    code: str
    statuses: frozenset[int]
    when: str
    remedy: str


def rows(page: str) -> list[Row]:
    """All rows of the page."""
    return [
        Row(found["code"], frozenset(map(int, found["statuses"].split(", "))), found["when"], found["do"])
        for found in _ROW.finditer(page)
    ]


def documented() -> list[str]:
    """All codes of the page, sorted."""
    return sorted(row.code for row in rows(PAGE.read_text()))
