"""One instance and one Chromium for all tests of the web client; each test opens windows of its own."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, sync_playwright

from deploy.tests.journeys.person import Person
from deploy.tests.standalone_process import Standalone
from shared.testing.waiting import WAIT_SECONDS

from .window import Window

NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
Opened = Callable[..., Window]


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of a Chromium; without one, these tests are skipped."""
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        pytest.skip(f"no Chromium: none of {', '.join(NAMES)} is installed")
    return found


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    """A Chromium for the tests of one file. Playwright's event loop counts as running until it is closed, and tests of
    other files, which may come next in any order, run loops of their own.
    """
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield running
        running.close()


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory, chromium: str) -> Iterator[str]:
    """The address of an instance that these tests alone use."""
    with Standalone(tmp_path_factory.mktemp("browser") / "data").served() as standalone:
        yield standalone.base_url


@pytest.fixture(scope="session")
def web(site: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=site, timeout=WAIT_SECONDS) as client:
        yield client


@pytest.fixture
def newcomer(web: httpx.Client) -> Callable[..., Person]:
    """Makes people who exist and hold tokens, without a browser."""

    def make(**details: str) -> Person:
        return Person.newcomer(web, **details)

    return make


@pytest.fixture
def opened(browser: Browser, site: str) -> Iterator[Opened]:
    """Opens windows. At the end no page may have had an error that its test did not expect."""
    windows: list[Window] = []

    def open_window(**options: Any) -> Window:
        windows.append(Window.of(browser, site, **options))
        return windows[-1]

    yield open_window
    for window in windows:
        window.context.close()
    for window in windows:
        assert window.unexpected() == []


@pytest.fixture(scope="session")
def axe() -> str:
    """The source of axe-core."""
    return (Path(__file__).parent / "axe.min.js").read_text(encoding="utf-8")
