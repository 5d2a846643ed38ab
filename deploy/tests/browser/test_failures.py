"""Failures: refused files, an unavailable server, expired tokens, several tabs, full storage."""

import json
import re
from collections.abc import Callable

import pytest
from playwright.sync_api import FilePayload, Page, Route

from deploy.tests.journeys.image_files import picture
from deploy.tests.journeys.person import Person
from deploy.tests.journeys.responses import answer

from .conftest import Opened
from .window import Window, expect

pytestmark = pytest.mark.browser

FILL_STORAGE = "() => void (IDBObjectStore.prototype.put = () => { throw new DOMException('', 'QuotaExceededError') })"


@pytest.fixture
def window(opened: Opened) -> Window:
    return opened()


@pytest.fixture
def person(newcomer: Callable[..., Person]) -> Person:
    return newcomer(name="Ada Lovelace")


def photo(name: str = "photo.jpg", content: bytes | None = None) -> FilePayload:
    return {"name": name, "mimeType": "image/jpeg", "buffer": content or picture("JPEG", (640, 480))}


def test_file_that_is_not_an_image_is_refused_before_upload(window: Window, person: Person) -> None:
    window.log_in(person, "/login?next=/new")
    text: FilePayload = {"name": "\u202egpj.notes.txt", "mimeType": "text/plain", "buffer": b"words"}
    window.page.set_input_files("input[type=file]", [text, photo()])
    expect(window.page.get_by_text("This is not a photo that we can read.")).to_be_visible()
    expect(window.button("Next")).to_be_disabled()
    window.button("Remove photo 1").click()
    window.button("Next").click()
    expect(window.page.get_by_role("img", name="Sent")).to_be_visible()


def test_damaged_photo_is_refused_and_the_others_are_published(window: Window, person: Person) -> None:
    window.expect_status(422, 415)
    window.log_in(person, "/login?next=/new")
    whole = picture("JPEG", (640, 480))
    window.page.set_input_files("input[type=file]", [photo("good.jpg"), photo("<b>torn</b>.jpg", whole[:200])])
    window.button("Next").click()
    expect(window.page.get_by_text(re.compile("The file is (damaged|empty or cut off)"))).to_be_visible()
    expect(window.page.get_by_text("<b>torn</b>.jpg")).to_be_visible()
    expect(window.button("Share")).to_be_disabled()
    window.button("Remove").click()
    window.button("Share").click()
    expect(window.heading("Post by Ada Lovelace")).to_be_visible()


def test_upload_can_be_cancelled_and_retried(window: Window, person: Person) -> None:
    window.expect_lost_line()
    window.log_in(person, "/login?next=/new")
    held: list[Route] = []
    window.page.route("**/api/v1/media", lambda route: held.append(route))  # noqa: PLW0108  Playwright marks the function that it is given
    window.page.set_input_files("input[type=file]", photo())
    window.button("Next").click()
    window.button("Stop sending photo 1").click()
    expect(window.page.get_by_text("Stopped.")).to_be_visible()
    window.page.unroute("**/api/v1/media")
    window.button("Try again").click()
    expect(window.page.get_by_role("img", name="Sent")).to_be_visible()


def test_chosen_photos_and_texts_survive_a_reload(window: Window, person: Person) -> None:
    window.log_in(person, "/login?next=/new")
    window.page.set_input_files("input[type=file]", photo())
    window.field("Describe photo 1").fill("A harbour")
    expect(window.page.locator(".shot-picture img")).to_be_visible()
    window.page.wait_for_function("() => true")
    reloaded(window)
    expect(window.field("Describe photo 1")).to_have_value("A harbour")
    window.button("Next").click()
    window.field("Caption").fill("After the storm")
    expect(window.page.get_by_role("img", name="Sent")).to_be_visible()
    reloaded(window)
    expect(window.field("Caption")).to_have_value("After the storm")
    window.button("Share").click()
    expect(window.page.get_by_alt_text("A harbour")).to_be_visible()


def reloaded(window: Window) -> None:
    """After the typed text has been stored."""
    window.page.wait_for_function("() => new Promise((resolve) => requestIdleCallback(() => resolve(true)))")
    window.page.reload()


def test_like_is_undone_when_the_server_refuses_it(
    window: Window, person: Person, newcomer: Callable[..., Person]
) -> None:
    post = newcomer().posted("like me")["id"]
    window.expect_status(503)
    window.log_in(person, f"/login?next=/p/{post}")
    busy = {"code": "upstream_busy", "status": 503}
    window.page.route("**/like", lambda route: refuse(route, 503, json.dumps(busy), {"retry-after": "7"}))
    window.button("Like").click()
    window.says("Try again in 7 seconds.")
    expect(window.button("Like")).to_have_attribute("aria-pressed", "false")
    expect(window.page.get_by_text("No likes yet")).to_be_visible()


def test_rate_limit_and_non_json_responses_show_an_explanation(window: Window, person: Person) -> None:
    window.expect_status(429, 502)
    window.log_in(person)
    body = json.dumps({"code": "rate_limited", "status": 429})
    window.page.route("**/api/v1/posts?**", lambda route: refuse(route, 429, body, {"retry-after": "600"}))
    window.link("Explore").click()
    expect(window.page.get_by_text("Try again in 10 minutes.")).to_be_visible()
    window.page.unroute("**/api/v1/posts?**")
    window.page.route("**/users/by-nickname/**", lambda route: refuse(route, 502, "<html>Bad Gateway</html>", {}))
    window.link("Profile").click()
    expect(window.page.get_by_text("The answer made no sense.")).to_be_visible()
    window.page.unroute("**/users/by-nickname/**")
    window.button("Try again").click()
    expect(window.heading("Ada Lovelace")).to_be_visible()


def refuse(route: Route, status: int, body: str, headers: dict[str, str]) -> None:
    route.fulfill(status=status, body=body, headers=headers, content_type="application/problem+json")


def test_client_recovers_when_the_server_returns(window: Window, person: Person) -> None:
    person.posted("still here")
    window.expect_lost_line()
    window.log_in(person)
    expect(window.page.get_by_text("still here")).to_be_visible()
    window.page.route("**/api/**", lambda route: route.abort("connectionrefused"))
    window.link("Explore").click()
    expect(window.page.get_by_text("Shutter could not be reached.")).to_be_visible()
    window.page.unroute("**/api/**")
    window.button("Try again").click()
    expect(window.page.locator(".grid-cell").first).to_be_visible()


def test_expired_token_is_renewed_once_for_all_tabs(window: Window, person: Person) -> None:
    window.log_in(person)
    tabs = [window.page, *(other_tab(window) for _ in range(2))]
    tokens = window.kept("session")[-1]
    window.keep("session", "tokens", tokens | {"expires_at": 0})
    asked: list[str] = []
    window.context.on("request", lambda request: asked.append(request.url))
    for tab in tabs:
        tab.evaluate("location.reload()")
    for tab in tabs:
        expect(tab.get_by_text("Your feed is still empty")).to_be_visible()
    assert len([address for address in asked if address.endswith("/auth/refresh")]) == 1


def other_tab(window: Window) -> Page:
    page = window.context.new_page()
    page.goto("/")
    expect(page.get_by_text("Your feed is still empty")).to_be_visible()
    return page


def test_refused_token_is_renewed_during_an_action(
    window: Window, person: Person, newcomer: Callable[..., Person]
) -> None:
    post = newcomer().posted("like me")["id"]
    window.expect_status(401)
    window.log_in(person, f"/login?next=/p/{post}")
    body = json.dumps({"code": "invalid_token", "status": 401})
    window.page.route("**/like", lambda route: refuse(route, 401, body, {}), times=1)
    window.button("Like").click()
    expect(window.page.get_by_text("1 like", exact=True)).to_be_visible()


def test_login_after_an_ended_session_returns_to_the_same_view(window: Window, person: Person) -> None:
    window.expect_status(401)
    window.expected.append("WebSocket")
    window.log_in(person, "/login?next=/settings/activity")
    sessions = answer(person.send("GET", "/auth/sessions"))["items"]
    for session in sessions:
        if not session["current"]:
            answer(person.send("DELETE", f"/auth/sessions/{session['id']}"), 204)
    expect(window.page.get_by_text("Your session has ended.")).to_be_visible()
    window.field("Email, nickname or phone").fill(person.nickname)
    window.field("Password").fill(person.password)
    window.button("Log in").click()
    expect(window.heading("Account activity")).to_be_visible()


def test_logout_in_one_tab_logs_out_all_tabs(window: Window, person: Person) -> None:
    window.expected.append("WebSocket")
    window.expect_status(401)  # the server closes the socket before its response to the logout arrives
    window.log_in(person, "/login?next=/settings")
    other = window.context.new_page()
    other.goto("/messages")
    expect(other.get_by_text("No conversations yet")).to_be_visible()
    window.button("Log out").click()
    for page in (window.page, other):
        expect(page.get_by_role("link", name="Sign up").first).to_be_visible()
    assert window.kept("session") == []


def test_full_browser_storage_is_reported_and_the_message_is_sent(
    window: Window, person: Person, newcomer: Callable[..., Person]
) -> None:
    room = answer(person.open_room(newcomer().id), 201)["id"]
    window.log_in(person, f"/login?next=/messages/{room}")
    window.page.evaluate(FILL_STORAGE)
    window.page.get_by_placeholder("Message", exact=True).fill("without a disk")
    window.page.keyboard.press("Enter")
    window.says("This browser has no space left")
    said = window.page.get_by_role("log").locator(".message:not(.message-pending)")
    expect(said.get_by_text("without a disk")).to_be_visible()


def test_full_browser_storage_is_reported_and_photos_are_published(window: Window, person: Person) -> None:
    window.log_in(person, "/login?next=/new")
    expect(window.button("Choose photos")).to_be_visible()
    window.page.evaluate(FILL_STORAGE)
    window.page.set_input_files("input[type=file]", photo())
    window.says("This browser has no space left")
    window.button("Next").click()
    window.field("Caption").fill("without a disk")
    window.button("Share").click()
    expect(window.heading("Post by Ada Lovelace")).to_be_visible()
    expect(window.page.get_by_text("without a disk")).to_be_visible()


def test_client_opens_offline_after_the_first_visit(opened: Opened, person: Person) -> None:
    window = opened(worker=True)
    window.log_in(person)
    window.page.wait_for_function("async () => (await navigator.serviceWorker.ready).active?.state === 'activated'")
    window.page.wait_for_function("async () => Boolean(await caches.match('/login'))")
    names = window.page.evaluate(
        "async () => (await Promise.all((await caches.keys()).map(async (name) =>"
        " (await (await caches.open(name)).keys()).map((request) => new URL(request.url).pathname)))).flat()"
    )
    assert not [name for name in names if not re.fullmatch(r"/login|/assets/[^/]+", name)]
    with window.away():
        window.open("/explore")
        expect(window.page.get_by_role("alert").get_by_text("You are offline")).to_be_visible()
    window.button("Try again").click()
    expect(window.heading("Explore")).to_be_visible()
