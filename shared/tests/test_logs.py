"""Logs: one format for our entries and those of libraries, with the request id and without secrets."""

import json
import logging

import pytest
import structlog

from shared import logs, request_log
from shared.errors import NotFound


def fail() -> None:
    password = "hunter2"
    structlog.get_logger().info("checking", length=len(password))
    raise ValueError("wrong")


def log_a_failure() -> None:
    """By structlog, and by the standard library."""
    for logger in (structlog.get_logger(), logging.getLogger("library")):
        try:
            fail()
        except ValueError:
            logger.exception("it failed")


def test_production_log_entry_is_one_json_line(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("info", "production")
    with structlog.contextvars.bound_contextvars(request_id="req-1"):
        structlog.get_logger().info("hello", count=3)
        logging.getLogger("library").warning("careful with %s", "this")
    ours, theirs = (json.loads(line) for line in capsys.readouterr().err.splitlines())
    assert (ours["event"], ours["count"], ours["level"], ours["request_id"]) == ("hello", 3, "info", "req-1")
    assert (theirs["event"], theirs["level"], theirs["request_id"]) == ("careful with this", "warning", "req-1")
    assert ours.keys() & theirs.keys() >= {"event", "level", "timestamp"}


def test_production_traceback_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("warning", "production")
    log_a_failure()
    ours, theirs = (json.loads(line) for line in capsys.readouterr().err.splitlines())
    for entry in (ours, theirs):
        assert entry["exception"].endswith("ValueError") and "in fail" in entry["exception"]


def quote(given: str) -> None:
    try:
        int(given)
    except ValueError as cause:
        raise RuntimeError(f"cannot read {given}") from cause


def fail_in_a_group(given: str) -> None:
    raise ExceptionGroup(given, [ValueError(given), OSError(28, "No space left on device")])


def fail_as_expected(_given: str) -> None:
    raise NotFound("not_found", "No such file.")


def test_production_log_omits_exception_texts_that_may_quote_input(
    capsys: pytest.CaptureFixture[str],
) -> None:
    logs.configure("warning", "production")
    given = "hunter" + "2"
    for failing in (quote, fail_in_a_group, fail_as_expected):
        try:
            failing(given)
        except Exception:
            structlog.get_logger().exception("it failed")
    written = capsys.readouterr().err
    assert given not in written
    quoted, grouped, ours = (json.loads(line)["exception"] for line in written.splitlines())
    assert quoted.endswith("\nRuntimeError") and "\nValueError" in quoted, "the cause comes first"
    assert "OSError: [Errno 28] No space left on device" in grouped
    assert ours.endswith("NotFound: not_found: No such file."), "messages of our own errors are texts of ours"


@pytest.mark.parametrize("environment", ["development", "production"])
def test_traceback_contains_no_variables(capsys: pytest.CaptureFixture[str], environment: logs.Environment) -> None:
    logs.configure("warning", environment)
    log_a_failure()
    written = capsys.readouterr().err
    assert written.count("ValueError") >= 2
    told = [line for line in written.splitlines() if "hunter2" in line]
    assert told == [], "neither as a variable nor as source"


def test_entries_below_the_level_are_not_written(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("error", "development")
    structlog.get_logger().warning("quiet")
    logging.getLogger("library").warning("quiet")
    structlog.get_logger().error("loud")
    assert "quiet" not in capsys.readouterr().err


def test_libraries_log_from_warning_level(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("debug", "development")
    logging.getLogger("httpx").info("GET http://auth/?token=secret")
    structlog.get_logger().debug("ours")
    written = capsys.readouterr().err
    assert "secret" not in written and "ours" in written


@pytest.mark.parametrize(("level", "lines"), [("info", 1), ("warning", 0)])
def test_requests_are_logged_at_level_info(level: str, lines: int, capfd: pytest.CaptureFixture[str]) -> None:
    logs.configure(level, "production")
    request_log.write("posts", "req-1", "GET", "/posts/{id}", 200, 0.0123)
    entries = [json.loads(line) for line in capfd.readouterr().err.splitlines()]
    assert len(entries) == lines
    for entry in entries:
        assert (entry["event"], entry["level"], entry["service"], entry["request_id"]) == (
            "request", "info", "posts", "req-1",
        )  # fmt: skip
        assert (entry["method"], entry["route"], entry["status"], entry["duration_ms"]) == (
            "GET", "/posts/{id}", 200, 12.3,
        )  # fmt: skip


def test_unknown_method_is_not_logged(capfd: pytest.CaptureFixture[str]) -> None:
    logs.configure("info", "production")
    request_log.write("posts", "req-1", "SECRET", "unknown", None, 0.1)
    entry = json.loads(capfd.readouterr().err)
    assert (entry["method"], entry["status"]) == ("other", None)


def test_development_logs_requests_as_plain_lines(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("info", "development")
    request_log.write("posts", "req-1", "GET", "/posts/{id}", 200, 0.1)
    assert "route=/posts/{id}" in capsys.readouterr().err
