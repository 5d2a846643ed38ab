"""Skips tests that need a container engine if none is available, and reports each reason once, with its count."""

from collections import Counter

import pytest

from shared.testing.docker import docker_available

NO_ENGINE = "no container engine answers: start Docker, or another engine that the docker command reaches, to run them"
ENGINE_FIXTURES = {"mysql_url", "rabbitmq", "valkey", "servers"}


@pytest.hookimpl(tryfirst=True)  # before `-m` selects
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Reject a test that starts containers without the marker `containers`."""
    for item in items:
        starts = ENGINE_FIXTURES.intersection(getattr(item, "fixturenames", ()))
        if starts and item.get_closest_marker("containers") is None:
            raise pytest.UsageError(f"{item.nodeid} uses {', '.join(sorted(starts))}: mark it with containers")


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Before any fixture of the test starts a container."""
    if item.get_closest_marker("containers") is not None and not docker_available():
        pytest.skip(NO_ENGINE)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """One line for each reason."""
    reports = terminalreporter.stats.get("skipped", [])
    for reason, count in Counter(_reason(report) for report in reports).most_common():
        terminalreporter.write_line(f"{count} skipped: {reason}")


def _reason(report: pytest.TestReport) -> str:
    longrepr = report.longrepr
    text = longrepr[2] if isinstance(longrepr, tuple) else str(longrepr)
    return text.removeprefix("Skipped: ")
