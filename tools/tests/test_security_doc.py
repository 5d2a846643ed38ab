"""docs/security.md covers every requirement, and every file and test that it names exists."""

import ast
import re
from collections.abc import Iterator
from fnmatch import fnmatch
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "docs" / "security.md"
# The requirements of levels 1 and 2 in ASVS 5.0.0: section, and how many or which of it.
WANTED = {
    "V1.1": "1-2", "V1.2": "1-9", "V1.3": "1-11", "V1.4": "1-3", "V1.5": "1-2",
    "V2.1": "1-3", "V2.2": "1-3", "V2.3": "1-4", "V2.4": "1-1",
    "V3.2": "1-2", "V3.3": "1-4", "V3.4": "1-6", "V3.5": "1-5", "V3.7": "1-2",
    "V4.1": "1-3", "V4.2": "1-1", "V4.3": "1-2", "V4.4": "1-4",
    "V5.1": "1-1", "V5.2": "1-3", "V5.3": "1-2", "V5.4": "1-3",
    "V6.1": "1-3", "V6.2": "1-12", "V6.3": "1-4", "V6.4": "1-4", "V6.5": "1-5", "V6.6": "1-3", "V6.8": "1-4",
    "V7.1": "1-3", "V7.2": "1-4", "V7.3": "1-2", "V7.4": "1-5", "V7.5": "1-2", "V7.6": "1-2",
    "V8.1": "1-2", "V8.2": "1-3", "V8.3": "1-1", "V8.4": "1-1",
    "V9.1": "1-3", "V9.2": "1-4",
    "V10.1": "1-2", "V10.2": "1-2", "V10.3": "1-4", "V10.4": "1-11", "V10.5": "1-5", "V10.6": "1-2", "V10.7": "1-3",
    "V11.1": "1-2", "V11.2": "1-3", "V11.3": "1-3", "V11.4": "1-4", "V11.5": "1-1", "V11.6": "1-1",
    "V12.1": "1-3", "V12.2": "1-2", "V12.3": "1-4",
    "V13.1": "1-1", "V13.2": "1-5", "V13.3": "1-2", "V13.4": "1-5",
    "V14.1": "1-2", "V14.2": "1-4", "V14.3": "1-3",
    "V15.1": "1-3", "V15.2": "1-3", "V15.3": "1-7",
    "V16.1": "1-1", "V16.2": "1-5", "V16.3": "1-4", "V16.4": "1-3", "V16.5": "1-3",
    "V17.1": "1-1", "V17.2": "1-4", "V17.3": "1-2",
}  # fmt: skip
EXCUSES = ("n/a: ", "**Not met**: ")
BY_THE_OPERATOR = "by the operator"


def rows(text: str) -> list[list[str]]:
    """The cells of each row that begins with requirements."""
    cut = ([cell.strip() for cell in line.strip("|").split(" | ")] for line in text.splitlines())
    return [cells for cells in cut if re.match(r"V\d", cells[0])]


def meant(cell: str) -> Iterator[str]:
    """`V1.2.6-V1.2.8` means three, `V10.*` all of a chapter."""
    first, _, last = cell.partition("-")
    if "*" in cell:
        yield from (each for each in wanted() if fnmatch(each, cell))
    elif last:
        section = first.rpartition(".")[0]
        yield from (f"{section}.{number}" for number in range(_last(first), _last(last) + 1))
    else:
        yield cell


def wanted() -> list[str]:
    ends = {section: map(int, numbers.split("-")) for section, numbers in WANTED.items()}
    return [f"{section}.{number}" for section, (first, last) in ends.items() for number in range(first, last + 1)]


def missing(text: str) -> Iterator[str]:
    """Each path and test in backticks that does not exist."""
    for name in re.findall(r"`([\w./-]+\.(?:py|md|json|sh|yml)(?:::\w+)?)`", text):
        file, _, test = name.partition("::")
        path = ROOT / file
        if not path.is_file() or (test and test not in functions_of(path)):
            yield name


@cache
def functions_of(path: Path) -> frozenset[str]:
    nodes = ast.walk(ast.parse(path.read_text()))  # the suite of every service has its tests in a class
    return frozenset(node.name for node in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def _last(requirement: str) -> int:
    return int(requirement.rpartition(".")[2])


@pytest.fixture(scope="module")
def document() -> str:
    return DOCUMENT.read_text()


def test_every_requirement_of_both_levels_is_listed_once(document: str) -> None:
    assert len(wanted()) == 253, "so many has ASVS 5.0.0 in levels 1 and 2"
    assert [each for cells in rows(document) for each in meant(cells[0])] == wanted()


def test_every_named_place_and_test_exists(document: str) -> None:
    assert list(missing(document)) == []


def test_every_met_requirement_names_a_test(document: str) -> None:
    unshown = [cells[0] for cells in rows(document) if "::test_" not in cells[3] and not _excused(cells)]
    assert unshown == []


def _excused(cells: list[str]) -> bool:
    return cells[2].startswith(EXCUSES) or cells[3].startswith(BY_THE_OPERATOR)


@pytest.mark.parametrize(
    "named",
    [
        "shared/ids.py::test_that_is_not_there",
        "shared/tests/test_ids.py::test_that_is_not_there",
        "shared/nowhere.py",
        "docs/nowhere.md",
    ],
)
def test_missing_place_or_test_is_found(named: str) -> None:
    assert list(missing(f"| V1.1.1 | short | `shared/ids.py` | `{named}` |")) == [named]
