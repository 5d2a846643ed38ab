"""docs/errors.md lists every problem code, and no other."""

import re

import pytest

from shared import problem_details
from shared.errors import AppError
from shared.web import exception_handlers
from tools.description.codes import PAGE, rows
from tools.tests.problem_codes import codes_in, parsed, trees

NOT_ANSWERED = {"other_secret"}
"""Ends the process at its start."""
SHAPES = {"literal_error", "missing", "extra_forbidden", "int_parsing", "bool_parsing"}
"""pydantic's own, raised again; the page refers to pydantic for these."""


@pytest.fixture(scope="module")
def raised() -> set[str]:
    found = codes_in(trees()) | set(problem_details.CODES.values()) | {exception_handlers._code(())}
    return found - NOT_ANSWERED - SHAPES


def test_documented_codes_equal_the_codes_in_the_code(raised: set[str]) -> None:
    codes = [row.code for row in rows(PAGE.read_text())]
    assert len(set(codes)) == len(codes)
    assert [pattern for pattern in raised if not any(re.fullmatch(pattern, code) for code in codes)] == []
    assert [code for code in codes if not any(re.fullmatch(pattern, code) for pattern in raised)] == []


def test_every_table_row_is_read() -> None:
    lines = [line for line in PAGE.read_text().splitlines() if line.startswith("| `")]
    assert len(rows(PAGE.read_text())) == len(lines) > 50


def test_documented_statuses_equal_those_of_the_error_classes() -> None:
    documented = {row.code: row.statuses for row in rows(PAGE.read_text())}
    source = trees()
    for kind, status in problem_details.STATUS.items():
        for code in codes_in(source, only=kind.__name__) & set(documented):
            assert status in documented[code], (code, kind.__name__, status)
    assert {each.__name__ for each in problem_details.STATUS} == {each.__name__ for each in AppError.__subclasses__()}


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ('raise errors.Conflict("one", "text")', {"one"}),
        ('raise Invalid.field("name", "two", "text")', {"two"}),
        ('raise TooManyRequests(code="three", detail="text")', {"three"}),
        ('raise NotFound("four" if x else "five", "text")', {"four", "five"}),
        ('raise Conflict(f"{x}_six", "text")', {"[a-z_]+_six"}),
        ('GONE = ("seven", "text")\nraise NotFound(*GONE)', {"seven"}),
        ('PydanticCustomError("eight", "text")', {"eight"}),
        ('print("nine")', set()),
    ],
)
def test_code_is_found_in_every_spelling(source: str, found: set[str]) -> None:
    assert codes_in((parsed(source),), known=trees()) == found
