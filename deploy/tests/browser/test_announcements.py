"""What screen readers are told without a move of the focus: texts that appear in live regions."""

import re
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from playwright.sync_api import FilePayload, expect

from deploy.tests.journeys.image_files import picture
from deploy.tests.journeys.person import Person
from deploy.tests.journeys.responses import answer

from .conftest import Opened
from .window import Window

pytestmark = pytest.mark.browser
NOTE_ANNOUNCEMENTS = """() => {
  window.announced = [];
  const watched = new MutationObserver((changes) => {
    for (const { target, addedNodes } of changes) {
      const element = target instanceof Element ? target : target.parentElement;
      const isLive = element?.closest("[aria-live=polite], [role=status], [role=alert]")?.checkVisibility();
      const nodes = addedNodes.length ? [...addedNodes] : [target];
      const told = nodes.filter((node) => isLive || node.role === "alert"); // a new alert is announced itself
      window.announced.push(...told.map((node) => node.textContent));
    }
  });
  watched.observe(document.body, { subtree: true, childList: true, characterData: true });
}"""
WAS_ANNOUNCED = "(text) => window.announced.some((each) => each.includes(text))"
FOCUS = "() => document.activeElement.outerHTML"


@dataclass
class Conversation:
    """A room of the user of a window with a peer who has no browser."""

    window: Window
    peer: Person
    room: str


@pytest.fixture
def conversation(opened: Opened, newcomer: Callable[..., Person]) -> Conversation:
    person, peer = newcomer(name="Ada Left"), newcomer(name="Bob Right")
    room = answer(person.open_room(peer.id), 201)["id"]
    answer(peer.say(room, "before"), 201)
    window = opened()
    window.log_in(person, f"/login?next=/messages/{room}")
    expect(window.page.get_by_role("log").get_by_text("before")).to_be_visible()
    return Conversation(window, peer, room)


def expect_announced(window: Window, text: str) -> None:
    window.page.wait_for_function(WAS_ANNOUNCED, arg=text)


def test_a_message_in_an_open_room_is_announced_and_leaves_the_focus(conversation: Conversation) -> None:
    page = conversation.window.page
    page.get_by_placeholder("Message", exact=True).focus()
    focus = page.evaluate(FOCUS)
    page.evaluate(NOTE_ANNOUNCEMENTS)
    answer(conversation.peer.say(conversation.room, "can you hear me?"), 201)
    expect_announced(conversation.window, "can you hear me?")
    assert page.evaluate(FOCUS) == focus
    assert not page.evaluate(WAS_ANNOUNCED, "New message from")


def test_a_message_is_announced_on_other_views_with_its_sender(conversation: Conversation) -> None:
    window = conversation.window
    window.link("Explore").click()
    expect(window.heading("Explore")).to_be_visible()
    window.page.evaluate(NOTE_ANNOUNCEMENTS)
    answer(conversation.peer.say(conversation.room, "are you there?"), 201)
    expect_announced(window, "New message from Bob Right")
    expect(window.page.locator("nav").get_by_role("link", name=re.compile("1 unread message"))).to_be_visible()


def test_the_progress_of_uploads_is_announced(opened: Opened, newcomer: Callable[..., Person]) -> None:
    window = opened()
    window.log_in(newcomer(), "/login?next=/new")
    photos: list[FilePayload] = [
        {"name": f"{number}.jpg", "mimeType": "image/jpeg", "buffer": picture("JPEG", (320, 240))} for number in (1, 2)
    ]
    window.page.set_input_files("input[type=file]", photos)
    expect(window.field("Describe photo 2")).to_be_visible()
    window.page.evaluate(NOTE_ANNOUNCEMENTS)
    window.button("Next").click()
    for sent in range(3):
        expect_announced(window, f"{sent} of 2 photos sent")


def test_errors_and_notices_are_announced(opened: Opened, newcomer: Callable[..., Person]) -> None:
    person = newcomer()
    window = opened()
    window.expect_status(401)
    window.open("/login")
    window.field("Email, nickname or phone").fill(person.nickname)
    window.field("Password").fill("not the password")
    window.page.evaluate(NOTE_ANNOUNCEMENTS)
    window.button("Log in").click()
    expect_announced(window, "The name or the password is wrong.")
    window.log_in(person, "/login?next=/new")
    expect(window.button("Choose photos")).to_be_visible()
    window.page.evaluate(NOTE_ANNOUNCEMENTS)
    files: list[FilePayload] = [
        {"name": f"{number}.jpg", "mimeType": "image/jpeg", "buffer": picture("JPEG", (32, 24))} for number in range(11)
    ]
    window.page.set_input_files("input[type=file]", files)
    expect_announced(window, "A post has at most 10 photos.")
