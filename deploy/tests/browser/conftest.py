"""One instance and one Chromium for all tests of the web client; each test opens its own windows."""

import os
import shlex
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, sync_playwright

from deploy.tests.journeys.person import Person
from deploy.tests.journeys.responses import answer
from deploy.tests.standalone_process import CHEAP_HASHES, ForkedStandalone, Standalone
from shared.testing.waiting import WAIT_SECONDS

from . import without_netlink
from .window import Window

NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
"""The first needs a third less CPU than the others, which have a user interface."""
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
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Starts a Chromium that is not affected by containers; without one, these tests are skipped."""
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        pytest.skip(f"no Chromium: none of {', '.join(NAMES)} is installed")
    script = tmp_path_factory.mktemp("chromium") / "chromium"
    command = shlex.join([sys.executable, without_netlink.__file__, found])
    script.write_text(f'#!/bin/sh\nexec {command} "$@"\n')
    script.chmod(0o700)
    return script


@pytest.fixture(scope="module")
def browser(chromium: Path) -> Iterator[Browser]:
    """A Chromium for the tests of one file.

    Playwright's event loop counts as running until it is closed, and tests of other files, which may come next in any
    order, run their own loops.
    """
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield running
        running.close()


@pytest.fixture(scope="session")
def instance(tmp_path_factory: pytest.TempPathFactory, chromium: Path) -> Iterator[Standalone]:
    """An instance that only these tests use."""
    with ForkedStandalone(tmp_path_factory.mktemp("browser") / "data", settings=CHEAP_HASHES).served() as standalone:
        yield standalone


@pytest.fixture(scope="session")
def site(instance: Standalone) -> str:
    """Its URL."""
    return instance.base_url


@pytest.fixture(scope="session")
def web(site: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=site, timeout=WAIT_SECONDS) as client:
        yield client


@pytest.fixture
def newcomer(web: httpx.Client) -> Callable[..., Person]:
    """Creates users with tokens, without a browser."""

    def make(**details: str) -> Person:
        return Person.newcomer(web, **details)

    return make


@pytest.fixture(scope="session")
def scene(web: httpx.Client) -> dict[str, Any]:
    """A user with one of each resource, for tests that only look at the views."""
    person, peer = Person.newcomer(web, name="Ada Lovelace"), Person.newcomer(web, name="밥")
    post = person.posted("A caption with a link: https://example.org/", photos=2)["id"]
    comment = answer(peer.comment(post, "a comment"), 201)["id"]
    person.reply(post, comment, "a reply")
    peer.like(post)
    peer.follow(person.id)
    person.follow(peer.id)
    room = answer(person.open_room(peer.id), 201)["id"]
    said = answer(peer.say(room, "hello"), 201)["id"]
    person.say(room, "an answer", reply_to=said)
    peer.share(room, post)
    peer.show(room)
    sender = Person.newcomer(web, name="Eve")
    request = answer(sender.open_room(person.id), 201)["id"]
    answer(sender.say(request, "May I?"), 201)
    return {"person": person, "post": post, "room": room, "request": request, "nickname": person.nickname}


@contextmanager
def opened_at(browser: Browser, site: str) -> Iterator[Opened]:
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


@pytest.fixture
def opened(browser: Browser, site: str) -> Iterator[Opened]:
    """Opens windows at the instance of these tests."""
    with opened_at(browser, site) as open_window:
        yield open_window


@pytest.fixture(scope="session")
def axe() -> str:
    """The source of axe-core."""
    return (Path(__file__).parent / "axe.min.js").read_text(encoding="utf-8")
