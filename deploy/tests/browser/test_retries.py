"""Requests that fail: which ones the client repeats, which ones it leaves to the user, and what it undoes."""

import json
from collections.abc import Callable

import pytest
from playwright.sync_api import Route

from deploy.tests.journeys.person import Person
from deploy.tests.journeys.responses import answer

from .conftest import Opened
from .window import Window, expect

pytestmark = pytest.mark.browser


@pytest.fixture
def window(opened: Opened, newcomer: Callable[..., Person]) -> Window:
    """A window with a post of another user."""
    post = newcomer(name="Zoe Quill").posted("from Zoe")["id"]
    window = opened()
    window.expect_lost_line()
    window.log_in(newcomer(), f"/login?next=/p/{post}")
    expect(window.page.get_by_text("No comments yet")).to_be_visible()
    return window


def fail_once(window: Window, pattern: str, *, received: bool = False) -> list[str]:
    """Fail the first matching request as when the computer changes networks, after the server has `received` it or
    before. The result lists the methods of all matching requests.
    """
    methods: list[str] = []

    def handle(route: Route) -> None:
        methods.append(route.request.method)
        if len(methods) > 1:
            route.continue_()
            return
        if received:
            route.fetch()
        route.abort("internetdisconnected")

    window.page.route(pattern, handle)
    return methods


def test_a_read_that_fails_once_is_repeated_and_no_error_is_shown(window: Window) -> None:
    methods = fail_once(window, "**/api/v1/posts?limit=*")
    window.link("Explore").click()
    expect(window.page.locator(".grid-cell").first).to_be_visible()
    expect(window.page.get_by_role("alert")).to_have_count(0)
    assert methods == ["GET", "GET"]


def test_a_write_with_an_idempotency_key_is_repeated_and_done_once(window: Window) -> None:
    methods = fail_once(window, "**/comments", received=True)
    window.field("Write a comment").fill("only once")
    window.page.keyboard.press("Enter")
    expect(window.button("Reply")).to_have_count(1)
    window.page.reload()
    expect(window.page.get_by_text("only once")).to_have_count(1)
    assert methods[:2] == ["POST", "POST"]


def test_a_write_without_an_idempotency_key_is_not_repeated(window: Window) -> None:
    methods = fail_once(window, "**/like")
    window.button("Like").click()
    window.says("Shutter could not be reached.")
    expect(window.button("Like")).to_have_attribute("aria-pressed", "false")
    window.button("Like").click()
    expect(window.page.get_by_text("1 like", exact=True)).to_be_visible()
    assert methods == ["PUT", "PUT"]


def refuse(route: Route) -> None:
    body = json.dumps({"code": "upstream_busy", "status": 503})
    route.fulfill(status=503, body=body, headers={"retry-after": "30"}, content_type="application/problem+json")


def test_a_follow_is_undone_when_the_server_refuses_it(window: Window) -> None:
    window.expect_status(503)
    window.page.locator(".post-head .name").click()
    follow = window.button("Follow Zoe Quill")
    expect(follow).to_be_enabled()
    window.page.route("**/follow", refuse)
    follow.click()
    window.says("Try again in 30 seconds.")
    expect(follow).to_have_attribute("aria-pressed", "false")
    expect(window.page.get_by_role("link", name="0 followers")).to_be_visible()


def test_the_text_of_a_refused_comment_returns_to_its_field(window: Window) -> None:
    window.expect_status(503)
    window.page.route("**/comments", refuse)
    window.field("Write a comment").fill("not lost")
    window.page.keyboard.press("Enter")
    window.says("Try again in 30 seconds.")
    expect(window.field("Write a comment")).to_have_value("not lost")
    expect(window.page.get_by_text("No comments yet")).to_be_visible()


def test_the_change_of_a_comment_is_undone_when_the_server_refuses_it_and_its_text_is_kept(window: Window) -> None:
    window.expect_status(503)
    window.field("Write a comment").fill("as it was")
    window.page.keyboard.press("Enter")
    expect(window.button("Reply")).to_be_visible()
    window.page.route("**/api/v1/comments/*", refuse)
    window.menu("More about this comment", "Edit")
    window.field("Edit comment").fill("as it should be")
    window.page.keyboard.press("Enter")
    window.says("Try again in 30 seconds.")
    expect(window.field("Edit comment")).to_have_value("as it should be")
    window.button("Cancel").click()
    expect(window.page.get_by_text("as it was")).to_be_visible()
    window.menu("More about this comment", "Delete")
    window.confirm("Delete")
    window.says("Try again in 30 seconds.")
    expect(window.page.get_by_text("as it was")).to_be_visible()
    window.page.unroute("**/api/v1/comments/*")
    window.menu("More about this comment", "Edit")
    window.field("Edit comment").fill("as it should be")
    window.page.keyboard.press("Enter")
    expect(window.page.get_by_text("as it should be")).to_be_visible()


def test_a_message_that_the_server_refuses_is_kept_with_the_reason(
    opened: Opened, newcomer: Callable[..., Person]
) -> None:
    person = newcomer()
    room = answer(person.open_room(newcomer().id), 201)["id"]
    window = opened()
    window.expect_status(422)
    window.log_in(person, f"/login?next=/messages/{room}")
    body = json.dumps({"code": "too_long", "status": 422})
    window.page.route("**/messages", lambda route: route.fulfill(status=422, body=body), times=1)
    window.page.get_by_placeholder("Message", exact=True).fill("not lost")
    window.page.keyboard.press("Enter")
    log = window.page.get_by_role("log")
    expect(log.get_by_role("alert").get_by_text("This is too long.")).to_be_visible()
    window.button("Try again").click()
    expect(log.locator(".message:not(.message-pending)").get_by_text("not lost")).to_be_visible()
    expect(log.locator(".message-pending")).to_have_count(0)


def test_what_the_other_person_has_read_is_still_marked_after_a_reload(
    opened: Opened, newcomer: Callable[..., Person]
) -> None:
    ada, bob = newcomer(name="Ada"), newcomer(name="Bob")
    room = ada.room_with(bob)
    said = answer(ada.say(room, "have you seen this?"), 201)["id"]
    window = opened()
    window.log_in(ada, f"/login?next=/messages/{room}")
    mark = window.page.get_by_role("log").get_by_text("Read", exact=True)
    expect(window.page.get_by_role("log").get_by_text("have you seen this?")).to_be_visible()
    expect(mark).to_have_count(0)
    answer(bob.read(room, said))
    expect(mark).to_be_visible()
    window.page.reload()
    expect(mark).to_be_visible()
