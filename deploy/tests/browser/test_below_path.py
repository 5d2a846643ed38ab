"""The client below a path prefix, behind a proxy that removes the prefix (`PUBLIC_URL`)."""

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, FilePayload

from deploy.tests.journeys.image_files import picture
from deploy.tests.journeys.person import Person
from deploy.tests.journeys.responses import answer
from deploy.tests.path_proxy import PREFIX, below_path
from deploy.tests.standalone_process import ForkedStandalone
from shared.testing.waiting import WAIT_SECONDS

from .window import Window, expect

pytestmark = pytest.mark.browser
OUTSIDE = re.compile(rf"^https?://[^/]+/(?!{PREFIX[1:]}/)")


@pytest.fixture
def site(tmp_path: Path, chromium: Path) -> Iterator[str]:
    settings = {"PUBLIC_URL": f"https://example.com{PREFIX}"}
    with (
        ForkedStandalone(tmp_path / "data", settings=settings).served() as standalone,
        below_path(standalone.base_url) as address,
    ):
        yield address


@pytest.fixture
def web(site: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=site, timeout=WAIT_SECONDS) as client:
        yield client


def test_client_works_below_a_path_prefix(browser: Browser, site: str, web: httpx.Client) -> None:
    ada, bob = Person.newcomer(web, name="Ada"), Person.newcomer(web, name="Bob")
    post = bob.posted("below a path")["id"]
    ada.follow(bob.id)
    room = answer(ada.open_room(bob.id), 201)["id"]
    window = Window.of(browser, f"{site}/", worker=True)
    page, outside = window.page, []
    page.on("request", lambda request: outside.append(request.url) if OUTSIDE.match(request.url) else None)

    # A closed view leads to the login and back; every view has an address below the path.
    page.goto(f"{site}/messages/{room}")
    page.wait_for_url(f"{site}/login?next=*")
    window.field("Email, nickname or phone").fill(ada.nickname)
    window.field("Password").fill(ada.password)
    page.keyboard.press("Enter")
    page.wait_for_url(f"{site}/messages/{room}")

    # The socket, and a photo.
    answer(bob.say(room, "hello from outside"), 201)
    expect(page.get_by_role("log").get_by_text("hello from outside")).to_be_visible()
    photo: FilePayload = {"name": "p.png", "mimeType": "image/png", "buffer": picture("PNG", (300, 200))}
    page.set_input_files("input[type=file]", [photo])
    window.button("Send").click()
    expect(page.locator(".picture .photo-loaded img")).to_be_visible()

    # Links, the address of a search, back, reloading, and a view that is opened directly.
    window.link("Home").click()
    expect(page.locator(".post-card .photo-loaded").first).to_be_visible()
    assert page.url == f"{site}/"
    window.link("Search").click()
    window.field("Name or nickname").fill(bob.nickname)
    page.wait_for_url(f"{site}/search?q={bob.nickname}")
    page.locator("main").get_by_role("link", name="Bob").click()
    page.wait_for_url(f"{site}/@{bob.nickname}")
    page.go_back()
    page.wait_for_url(f"{site}/search?q={bob.nickname}")
    page.goto(f"{site}/p/{post}")
    expect(window.heading("Post by Bob")).to_be_visible()
    page.reload()
    expect(window.heading("Post by Bob")).to_be_visible()

    # The service worker serves this path only, and shows the client offline.
    scope = page.evaluate("navigator.serviceWorker.ready.then((found) => found.scope)")
    assert scope == f"{site}/"
    assert (
        page.evaluate("fetch(document.querySelector('link[rel=manifest]').href).then((found) => found.status)") == 200
    )
    with window.away():
        page.goto(f"{site}/settings")
        expect(window.heading("Settings")).to_be_visible()
    window.context.close()
    assert outside == []
    assert window.unexpected() == []
