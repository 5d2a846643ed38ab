"""Fixtures that tests of all packages may ask for, one that all of them need, and what makes a whole run fail."""

import os
from collections.abc import Iterator

import pytest

from shared import clock, ids
from shared.database import engine

pytest_plugins = [
    "shared.testing.containers",
    "shared.testing.backends",
    "shared.testing.service_fixtures",
    "shared.testing.skips",
]

engine.SQLITE_SYNCHRONOUS = "OFF"  # databases of tests need not survive a loss of power


@pytest.fixture(autouse=True)
def _ids_are_of_the_present() -> Iterator[None]:
    """Ids that a test has made in a future of its own are not what those of later tests go on from."""
    yield
    if ids._last >= ids.first_id_at(clock.now() + clock.SECOND):  # noqa: SLF001 - tests may look inside
        ids._last = 0  # noqa: SLF001 - as above


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """With SKIPS=forbidden, as in CI, a run that skipped anything fails."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")  # only where the reports of all workers are
    if reporter is not None and reporter.stats.get("skipped") and os.environ.get("SKIPS") == "forbidden":
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
