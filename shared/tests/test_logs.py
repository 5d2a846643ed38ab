"""Logs: one form for our entries and those of libraries, with the request id and without anybody's secrets."""

import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from shared import logs


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    """What a test configures, no other test sees."""
    root = logging.getLogger()
    kept = structlog.get_config(), root.handlers[:], root.level
    yield
    structlog.configure(**kept[0])
    root.handlers[:], root.level = kept[1], kept[2]


def fail() -> None:
    password = "hunter2"
    structlog.get_logger().info("checking", length=len(password))
    raise ValueError("wrong")


def log_a_failure() -> None:
    """By our own logger, and by the one that libraries use."""
    for logger in (structlog.get_logger(), logging.getLogger("library")):
        try:
            fail()
        except ValueError:
            logger.exception("it failed")


def test_in_production_each_entry_is_a_line_of_json(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("info", "production")
    with structlog.contextvars.bound_contextvars(request_id="req-1"):
        structlog.get_logger().info("hello", count=3)
        logging.getLogger("library").warning("careful with %s", "this")
    ours, theirs = (json.loads(line) for line in capsys.readouterr().err.splitlines())
    assert (ours["event"], ours["count"], ours["level"], ours["request_id"]) == ("hello", 3, "info", "req-1")
    assert (theirs["event"], theirs["level"], theirs["request_id"]) == ("careful with this", "warning", "req-1")
    assert ours.keys() & theirs.keys() >= {"event", "level", "timestamp"}


def test_in_production_a_failure_is_one_line_too(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("warning", "production")
    log_a_failure()
    ours, theirs = (json.loads(line) for line in capsys.readouterr().err.splitlines())
    for entry in (ours, theirs):
        assert "ValueError: wrong" in entry["exception"] and "in fail" in entry["exception"]


@pytest.mark.parametrize("environment", ["development", "production"])
def test_a_failure_does_not_tell_what_variables_held(
    capsys: pytest.CaptureFixture[str], environment: logs.Environment
) -> None:
    logs.configure("warning", environment)
    log_a_failure()
    written = capsys.readouterr().err
    assert written.count("ValueError: wrong") == 2
    told = [line for line in written.splitlines() if "hunter2" in line]
    assert told == [], "neither as a variable nor as source"


def test_what_is_below_the_level_is_not_written(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("error", "development")
    structlog.get_logger().warning("quiet")
    logging.getLogger("library").warning("quiet")
    structlog.get_logger().error("loud")
    assert "quiet" not in capsys.readouterr().err


def test_libraries_speak_only_from_warnings_on(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("debug", "development")
    logging.getLogger("httpx").info("GET http://auth/?token=secret")
    structlog.get_logger().debug("ours")
    written = capsys.readouterr().err
    assert "secret" not in written and "ours" in written
