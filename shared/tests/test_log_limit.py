"""A limit for log entries of one kind."""

import json
import logging

import pytest
import structlog
from prometheus_client import REGISTRY

from shared import logs
from shared.log_limit import MAX_ENTRIES, WINDOW_SECONDS, LogLimit


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def written(capsys: pytest.CaptureFixture[str]) -> list[str]:
    """The events of the written lines."""
    return [json.loads(line)["event"] for line in capsys.readouterr().err.splitlines()]


def suppressed() -> float:
    return REGISTRY.get_sample_value("log_lines_suppressed_total") or 0.0


def test_repeated_warning_is_limited_and_others_are_not(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("info", "production")
    before = suppressed()
    for number in range(MAX_ENTRIES + 30):
        structlog.get_logger().warning("often", number=number)
        logging.getLogger("library").warning("from a library: %s", number)
    structlog.get_logger().error("seldom")
    logging.getLogger("library").warning("from elsewhere")
    events = written(capsys)
    assert events.count("often") == MAX_ENTRIES
    assert sum(event.startswith("from a library") for event in events) == MAX_ENTRIES
    assert events[-2:] == ["seldom", "from elsewhere"]
    assert suppressed() == before + 60


def test_entries_below_warning_are_always_written(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("info", "production")
    for _ in range(MAX_ENTRIES * 2):
        structlog.get_logger().info("account withdrawn")
    assert written(capsys) == ["account withdrawn"] * MAX_ENTRIES * 2


def test_first_entry_after_the_window_has_the_number_of_dropped_ones() -> None:
    clock = Clock()
    limit = LogLimit(clock)

    def passed(count: int) -> list[object]:
        entries = []
        for _ in range(count):
            try:
                entries.append(limit(None, "warning", {"event": "often"}).get("suppressed"))
            except structlog.DropEvent:
                continue
        return entries

    assert passed(MAX_ENTRIES + 5) == [None] * MAX_ENTRIES
    clock.now += WINDOW_SECONDS
    assert passed(2) == [5, None]
    clock.now += WINDOW_SECONDS
    assert passed(1) == [None]


def test_library_entries_are_grouped_by_source_location() -> None:
    clock = Clock()
    limit = LogLimit(clock)

    def record(line: int, text: str) -> logging.LogRecord:
        return logging.LogRecord("library", logging.WARNING, "library.py", line, text, None, None)

    assert sum(limit.filter(record(1, f"text {number}")) for number in range(MAX_ENTRIES * 2)) == MAX_ENTRIES
    assert limit.filter(record(2, "text"))
    clock.now += WINDOW_SECONDS
    first = record(1, "text %d%%")
    assert limit.filter(first)
    assert first.getMessage() == f"text %d%% ({MAX_ENTRIES} like this were suppressed)"
    assert len(limit._windows) == 2
