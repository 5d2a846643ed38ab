"""Two people side by side, each in a browser of their own."""

import re
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from playwright.sync_api import FilePayload, Route, WebSocketRoute

from deploy.tests.journeys.image_files import picture
from deploy.tests.journeys.person import Person
from deploy.tests.journeys.responses import answer

from .conftest import Opened
from .window import Window, expect

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]


@dataclass
class Two:
    """Ada and Bob, who have a room; both are logged in."""

    ada: Person
    bob: Person
    room: str
    left: Window
    right: Window


@pytest.fixture
def two(opened: Opened, newcomer: Callable[..., Person]) -> Two:
    ada, bob = newcomer(name="Ada Left"), newcomer(name="Bob Right")
    room = answer(ada.open_room(bob.id), 201)["id"]
    left, right = opened(), opened()
    left.log_in(ada, f"/login?next=/messages/{room}")
    right.log_in(bob)
    return Two(ada, bob, room, left, right)


def say(window: Window, text: str) -> None:
    window.page.get_by_placeholder("Message").fill(text)
    window.page.keyboard.press("Enter")


def log(window: Window) -> str:
    return window.page.get_by_role("log").inner_text()


def test_messages_arrive_at_once_are_counted_read_and_quoted(two: Two) -> None:
    left, right = two.left, two.right
    say(left, "Hello Bob")
    expect(right.page.locator("nav").get_by_role("link", name=re.compile("1 unread message"))).to_be_visible()
    right.page.get_by_role("link", name=re.compile("^Messages")).click()
    right.page.get_by_role("link", name=re.compile("Ada Left")).click()
    expect(right.page.get_by_role("log").get_by_text("Hello Bob")).to_be_visible()
    expect(left.page.get_by_role("log").get_by_text("Read", exact=True)).to_be_visible()
    expect(right.page.locator("nav .badge")).to_have_count(0)

    right.button("Reply to Ada Left").click()
    say(right, "Hello Ada")
    quote = left.page.locator("button.quote")
    expect(quote).to_contain_text("Hello Bob")
    quote.click()
    expect(left.page.locator(".message-highlit")).to_contain_text("Hello Bob")
    expect(left.page.get_by_role("log").get_by_text("Hello Ada")).to_be_visible()


def test_photos_and_posts_are_sent_and_open(two: Two) -> None:
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
    expect(right.page.locator(".shared-post")).to_contain_text("From the harbour")
    right.page.locator(".shared-post").click()
    expect(right.heading("Post by Bob Right")).to_be_visible()


def test_older_messages_come_while_one_scrolls_up_and_a_quote_leads_far_back(two: Two) -> None:
    first = answer(two.ada.say(two.room, "the very first"), 201)["id"]
    for number in range(70):
        two.bob.say(two.room, f"line {number}")
    two.ada.say(two.room, "remember?", reply_to=first)
    page = two.left.page
    expect(page.get_by_role("log").get_by_text("remember?")).to_be_visible()
    page.locator("button.quote").last.click()
    expect(page.get_by_role("log").get_by_text("the very first").first).to_be_in_viewport()
    assert log(two.left).count("line 30\n") == 1


def test_a_room_is_readable_and_closed_after_the_other_has_deleted_the_account(two: Two) -> None:
    say(two.left, "Are you there?")
    expect(two.left.page.get_by_text("Sending…")).to_have_count(0)
    answer(two.bob.withdraw(), 202)
    two.left.expect_status(404, 409)
    two.right.expected.append("WebSocket")
    two.right.expect_status(401)

    def closed() -> None:
        two.left.page.reload()
        expect(two.left.heading("Deleted account")).to_be_visible(timeout=5000)

    for _ in range(20):
        try:
            closed()
            break
        except AssertionError:
            continue
    expect(two.left.page.get_by_text("This account was deleted.")).to_be_visible()
    expect(two.left.page.get_by_text("Are you there?").last).to_be_visible()
    expect(two.left.page.get_by_placeholder("Message")).to_have_count(0)


def test_what_is_written_without_a_line_is_sent_once_when_it_is_back(two: Two) -> None:
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


def test_a_message_whose_answer_was_lost_is_not_doubled(two: Two) -> None:
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


def test_a_cut_socket_is_opened_again_and_what_was_missed_is_read(two: Two, opened: Opened) -> None:
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


def test_enter_does_not_send_while_a_syllable_is_composed(two: Two) -> None:
    page = two.left.page
    field = page.get_by_placeholder("Message")
    field.fill("한")
    field.dispatch_event("keydown", {"key": "Enter", "isComposing": True, "bubbles": True, "cancelable": True})
    field.dispatch_event("keydown", {"key": "Enter", "keyCode": 229, "bubbles": True, "cancelable": True})
    expect(field).to_have_value("한")
    expect(page.locator(".message")).to_have_count(0)
    field.press("Enter")
    expect(page.get_by_role("log").get_by_text("한")).to_be_visible()
    expect(field).to_have_value("")
