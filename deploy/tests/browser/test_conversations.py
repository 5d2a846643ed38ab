"""Conversations of two users, each in a separate browser."""

import re
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from playwright.sync_api import FilePayload, Route, WebSocketRoute

from deploy.tests.journeys.image_files import picture
from deploy.tests.journeys.person import Person
from deploy.tests.journeys.responses import answer
from shared.testing import eventually

from .conftest import Opened
from .window import Window, expect

pytestmark = pytest.mark.browser


@dataclass
class Two:
    """Ada and Bob, logged in, with a room."""

    ada: Person
    bob: Person
    room: str
    left: Window
    right: Window


@pytest.fixture
def two(opened: Opened, newcomer: Callable[..., Person]) -> Two:
    ada, bob = newcomer(name="Ada Left"), newcomer(name="Bob Right")
    room = ada.room_with(bob)
    left, right = opened(), opened()
    left.log_in(ada, f"/login?next=/messages/{room}")
    right.log_in(bob)
    return Two(ada, bob, room, left, right)


def say(window: Window, text: str) -> None:
    window.page.get_by_placeholder("Message", exact=True).fill(text)
    window.page.keyboard.press("Enter")


def log(window: Window) -> str:
    return window.page.get_by_role("log").inner_text()


def test_messages_arrive_live_and_are_counted_read_and_quoted(two: Two) -> None:
    left, right = two.left, two.right
    say(left, "Hello Bob")
    expect(right.page.locator("nav").get_by_role("link", name=re.compile("1 unread message"))).to_be_visible()
    right.page.get_by_role("link", name=re.compile("^Messages")).click()
    right.page.get_by_role("link", name=re.compile("Ada Left")).click()
    expect(right.page.get_by_role("log").get_by_text("Hello Bob")).to_be_visible()
    expect(left.page.get_by_role("log").get_by_text("Read", exact=True)).to_be_visible()
    expect(right.page.locator("nav a[href$='/messages'] .badge")).to_have_count(0)

    right.button("Reply to Ada Left").click()
    say(right, "Hello Ada")
    quote = left.page.locator("button.quote")
    expect(quote).to_contain_text("Hello Bob")
    quote.click()
    expect(left.page.locator("[id^='m-']:focus")).to_contain_text("Hello Bob")
    expect(left.page.get_by_role("log").get_by_text("Hello Ada")).to_be_visible()


def test_typing_is_announced_until_the_message_comes(two: Two) -> None:
    left, right = two.left, two.right
    right.open(f"/messages/{two.room}")
    status = left.page.get_by_role("status").get_by_text("Bob Right is writing…")
    expect(left.page.get_by_text("Say hello.")).to_be_visible()
    expect(status).to_have_count(0)
    field = right.page.get_by_placeholder("Message", exact=True)

    def shown() -> bool:
        field.press_sequentially("a")  # repeated, because a signal is lost while a socket opens
        return status.is_visible()

    eventually(shown)
    say(right, "at last")
    expect(left.page.get_by_role("log").get_by_text("at last")).to_be_visible()
    expect(status).to_have_count(0)


def test_photos_and_shared_posts_can_be_sent_and_opened(two: Two) -> None:
    post = two.bob.posted("From the harbour")
    left, right = two.left, two.right
    right.open(f"/messages/{two.room}")
    photo: FilePayload = {"name": "p.png", "mimeType": "image/png", "buffer": picture("PNG", (300, 200))}
    left.page.set_input_files("input[type=file]", [photo, photo])
    left.field("Describe photo 1").fill("Boats in the harbour")
    left.button("Remove photo 2").click()
    left.button("Send").click()
    enlarge = right.button("Enlarge: Boats in the harbour")
    expect(enlarge.locator("img")).to_be_visible()
    enlarge.click()
    dialog = right.page.get_by_role("dialog")
    expect(dialog.get_by_alt_text("Boats in the harbour")).to_be_visible()
    expect(dialog.get_by_text("Boats in the harbour", exact=True)).to_be_visible()
    right.page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(left.page.locator(".attachment")).to_have_count(0)

    left.open(f"/p/{post['id']}")
    left.button("Send to somebody").click()
    left.page.get_by_role("dialog").get_by_role("button", name="Bob Right").click()
    left.says("Sent to Bob Right.")
    card = right.page.locator(".shared-post")
    expect(card).to_contain_text("Bob Right")
    eventually(lambda: card.get_by_role("img").evaluate("(image) => image.naturalWidth > 0"))
    card.click()
    expect(right.heading("Post by Bob Right")).to_be_visible()
    answer(two.bob.delete_post(post["id"]), 204)
    right.open(f"/messages/{two.room}")
    expect(right.page.get_by_text("This post is gone.")).to_be_visible()


def test_a_quoted_photo_is_shown_in_the_quote(two: Two) -> None:
    photo = answer(two.bob.upload_to(two.room), 201)["id"]
    answer(two.bob.message(two.room, type="image", media_id=photo), 201)
    two.left.button("Reply to Bob Right").click()
    say(two.left, "Where is it?")
    shown = two.left.page.locator("button.quote img.quote-photo")
    expect(shown).to_be_visible()
    eventually(lambda: shown.evaluate("(image) => image.naturalWidth > 0"))


def test_a_room_is_muted_and_hidden_in_all_windows_until_a_new_message(two: Two, opened: Opened) -> None:
    left, other = two.left, opened(language="ko")
    other.log_in(two.ada, "/login?next=/messages")
    row = other.page.get_by_role("link", name=re.compile("Bob Right"))
    left.menu("More about this conversation", "Mute")
    expect(row).to_contain_text("알림 꺼짐")
    answer(two.bob.say(two.room, "quiet"), 201)
    expect(row).to_contain_text("quiet")
    expect(other.page.locator("nav a[href$='/messages'] .badge")).to_have_count(0)
    left.menu("More about this conversation", "Unmute")
    expect(row).not_to_contain_text("알림 꺼짐")

    left.menu("More about this conversation", "Hide until the next message")
    left.says("The conversation is hidden until the next message.")
    expect(left.page.get_by_text("No conversations yet")).to_be_visible()
    expect(row).to_have_count(0)
    answer(two.bob.say(two.room, "here I am"), 201)
    for window in (left, other):
        expect(window.page.get_by_role("link", name=re.compile("Bob Right"))).to_contain_text("here I am")


def test_scrolling_up_loads_older_messages_and_a_quote_jumps_to_its_message(two: Two) -> None:
    first = answer(two.ada.say(two.room, "the very first"), 201)["id"]
    for number in range(70):
        two.bob.say(two.room, f"line {number}")
    two.ada.say(two.room, "remember?", reply_to=first)
    page = two.left.page
    expect(page.get_by_role("log").get_by_text("remember?")).to_be_visible()
    page.locator("button.quote").last.click()
    expect(page.get_by_role("log").get_by_text("the very first").first).to_be_in_viewport()
    assert log(two.left).count("line 30\n") == 1


def test_room_with_a_deleted_account_is_read_only(two: Two) -> None:
    say(two.left, "Are you there?")
    expect(two.left.page.get_by_text("Sending…")).to_have_count(0)
    answer(two.bob.withdraw(), 202)
    two.left.expect_status(404, 409)
    two.right.expected.append("WebSocket")
    two.right.expect_status(401)

    eventually(lambda: answer(two.ada.send("GET", f"/rooms/{two.room}"))["peer"]["deleted"])
    two.left.page.reload()
    expect(two.left.heading("Deleted account")).to_be_visible()
    expect(two.left.page.get_by_text("This account was deleted.")).to_be_visible()
    expect(two.left.page.get_by_text("Are you there?").last).to_be_visible()
    expect(two.left.page.get_by_placeholder("Message", exact=True)).to_have_count(0)


def test_message_written_offline_is_sent_once_after_reconnecting(two: Two) -> None:
    left, right = two.left, two.right
    right.open(f"/messages/{two.room}")
    expect(left.page.get_by_text("Say hello.")).to_be_visible()
    with left.away():
        say(left, "from the tunnel")
        say(left, "and one more")
        expect(left.page.locator(".message-pending")).to_have_count(2)
        left.page.route("**/*", lambda route: route.abort())
    left.page.unroute("**/*")
    left.page.reload()
    expect(right.page.get_by_role("log").get_by_text("and one more")).to_be_visible()
    expect(left.page.locator(".message-pending")).to_have_count(0)
    for window in (left, right):
        assert log(window).count("from the tunnel") == 1
        assert log(window).index("from the tunnel") < log(window).index("and one more")
    assert left.kept("outbox") == []


def test_message_with_a_lost_response_is_not_sent_twice(two: Two) -> None:
    left, right = two.left, two.right
    right.open(f"/messages/{two.room}")
    left.expect_lost_line()
    lost: list[int] = []

    def lose_the_answer(route: Route) -> None:
        if not lost:
            lost.append(route.fetch().status)
            route.abort()
        else:
            route.continue_()

    left.page.route("**/messages", lose_the_answer)
    say(left, "only once")
    expect(
        left.page.get_by_role("log").locator(".message:not(.message-pending)").get_by_text("only once")
    ).to_be_visible()
    expect(left.page.locator(".message-pending")).to_have_count(0)
    expect(right.page.get_by_role("log").get_by_text("only once")).to_have_count(1)
    assert lost == [201]


def test_lost_socket_is_reopened_and_missed_messages_are_fetched(two: Two, opened: Opened) -> None:
    window = opened()
    cut: list[WebSocketRoute] = []

    def meddle(socket: WebSocketRoute) -> None:
        socket.connect_to_server()
        cut.append(socket)

    window.page.route_web_socket(re.compile("/ws$"), meddle)
    window.log_in(two.bob, f"/login?next=/messages/{two.room}")
    say(two.left, "before")
    expect(window.page.get_by_role("log").get_by_text("before")).to_be_visible()
    window.context.set_offline(True)
    window.expect_lost_line()
    cut[0].close(code=4000, reason="cut")
    say(two.left, "in between")
    expect(two.left.page.locator(".message-pending")).to_have_count(0)
    window.context.set_offline(False)
    expect(window.page.get_by_role("log").get_by_text("in between")).to_be_visible()
    say(two.left, "after")
    expect(window.page.get_by_role("log").get_by_text("after")).to_be_visible()
    assert len(cut) > 1


def test_enter_during_text_composition_does_not_send(two: Two) -> None:
    page = two.left.page
    field = page.get_by_placeholder("Message", exact=True)
    field.fill("한")
    field.dispatch_event("keydown", {"key": "Enter", "isComposing": True, "bubbles": True, "cancelable": True})
    field.dispatch_event("keydown", {"key": "Enter", "keyCode": 229, "bubbles": True, "cancelable": True})
    expect(field).to_have_value("한")
    expect(page.locator(".message")).to_have_count(0)
    field.press("Enter")
    expect(page.get_by_role("log").get_by_text("한")).to_be_visible()
    expect(field).to_have_value("")


def test_own_message_is_shown_once_when_the_socket_is_faster_than_the_response(two: Two) -> None:
    page = two.left.page
    shown = page.get_by_role("log").get_by_text("faster")
    counts: list[int] = []

    def delay(route: Route) -> None:
        response = route.fetch()
        # The sockets of both get the message at the same time.
        expect(two.right.page.locator("nav").get_by_role("link", name=re.compile("1 unread message"))).to_be_visible()
        counts.append(shown.count())
        route.fulfill(response=response)

    page.route("**/messages", delay)
    say(two.left, "faster")
    expect(page.locator(".message-pending")).to_have_count(0)
    expect(shown).to_have_count(1)
    assert counts == [1]


def test_message_that_arrives_while_the_first_page_is_loaded_is_shown(two: Two) -> None:
    page = two.right.page

    def delay(route: Route) -> None:
        response = route.fetch()
        two.ada.say(two.room, "meanwhile")
        expect(page.locator("nav").get_by_role("link", name=re.compile("1 unread message"))).to_be_visible()
        route.fulfill(response=response)

    page.route("**/messages?*", delay, times=1)
    two.right.open(f"/messages/{two.room}")
    expect(page.get_by_role("log").get_by_text("meanwhile")).to_be_visible()
