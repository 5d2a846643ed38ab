"""Fixtures for the tests of all packages, one that every test uses, and conditions that fail a whole run."""

import gc
import logging
import os
from collections.abc import Iterator

import hypothesis
import pytest
import structlog

from shared import clock, ids, request_log
from shared.database import engine
from shared.testing.compiled_statements import CompiledStatements
from shared.testing.waiting import WAIT_SECONDS

LONGEST = ("deploy/tests/contract/", "chaos/", "deploy/tests/browser/")
"""Folders of tests that take up to some minutes each, the longest tests first."""
COVERED = ("services/", "gateway/", "shared/")

pytest_plugins = [
    "shared.testing.containers",
    "shared.testing.s3_server",
    "shared.testing.backends",
    "shared.testing.service_fixtures",
    "shared.testing.skips",
]

hypothesis.settings.register_profile("shutter", deadline=None)  # no verdict depends on the speed of the machine
hypothesis.settings.load_profile("shutter")
engine.EXECUTION_OPTIONS["compiled_cache"] = CompiledStatements()
engine.SQLITE_SYNCHRONOUS = "OFF"  # databases of tests need not survive a loss of power
# On a slow machine a thread may wait long for its turn: a test that needs a short timeout names one.
engine.POOL_TIMEOUT_SECONDS = engine.LOCK_TIMEOUT_SECONDS = WAIT_SECONDS
engine.CONNECT_TIMEOUT_SECONDS = engine.IO_TIMEOUT_SECONDS = int(WAIT_SECONDS)


@pytest.fixture(autouse=True)
def _state_of_the_process() -> Iterator[None]:
    """Does not reach later tests: the configuration of logging, and ids that a clock in the future created."""
    root, entries = logging.getLogger(), structlog.get_config()
    handlers, level, requests = root.handlers[:], root.level, request_log._write  # noqa: SLF001 - tests may look inside
    yield
    structlog.configure(**entries)
    root.handlers[:], root.level, request_log._write = handlers, level, requests  # noqa: SLF001 - as above
    if ids._last >= ids.first_id_at(clock.now() + clock.SECOND):  # noqa: SLF001 - as above
        ids._last = 0  # noqa: SLF001 - as above


def pytest_itemcollected(item: pytest.Item) -> None:
    """Mark the tests whose coverage CI measures: it nearly doubles the CPU that they need.

    Both databases run the same code, and the tests of the other folders start processes, which are not measured.
    """
    if item.nodeid.startswith(COVERED) and item.get_closest_marker("containers") is None:
        item.add_marker("coverage")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest tests begin first and run beside all others: none of them is left alone at the end."""
    items.sort(key=lambda item: [not item.nodeid.startswith(folder) for folder in LONGEST])


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """Without garbage collection: what is imported and collected stays, and looking at it takes a fifth of the time."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()


def pytest_collection_finish() -> None:
    """The collected tests stay to the end: the garbage collector need not look at them again and again."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_makereport(item: pytest.Item) -> None:
    """What threads of shared servers print between two tests is captured too, and shown if the next test fails.

    Only in workers: without them, pytest itself prints here.
    """
    if hasattr(item.config, "workerinput"):
        item.config.pluginmanager.getplugin("capturemanager").resume_global_capture()


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """With SKIPS=forbidden, as in CI, a run that skipped anything fails."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")  # only where the reports of all workers are
    if reporter is not None and reporter.stats.get("skipped") and os.environ.get("SKIPS") == "forbidden":
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
