"""Fixtures that tests of every room may ask for, and one that all of them need."""

from collections.abc import Iterator

import pytest

from shared import clock, database, ids

pytest_plugins = ["shared.testing.containers", "shared.testing.homes", "shared.testing.skips"]

database.SQLITE_SYNCHRONOUS = "OFF"  # databases of tests need not survive a loss of power


@pytest.fixture(autouse=True)
def _ids_are_of_the_present() -> Iterator[None]:
    """Ids that a test has made in a future of its own are not what those of later tests go on from."""
    yield
    if ids._last >= ids.at(clock.now() + clock.SECOND):  # noqa: SLF001 - tests may look inside
        ids._last = 0  # noqa: SLF001 - as above
