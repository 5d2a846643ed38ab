"""Message requests and the choice of who may write, in both languages."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import APIResponse, Route

from deploy.tests.journeys.person import Person
from deploy.tests.journeys.responses import answer, ids
from shared.testing import eventually

from .conftest import Opened
from .window import expect

pytestmark = pytest.mark.browser
WORDS = {
    "en": {
        "requests": "Message requests", "link": "3 message requests", "accept": "Accept Eve",
        "decline": "Decline Mallory", "declined": "Request declined.", "block": "Block Trent", "sure": "Block",
        "none": "No message requests", "placeholder": "Message", "nobody": "Nobody", "saved": "Saved.",
    },
    "ko": {
        "requests": "메시지 요청", "link": "메시지 요청 3개", "accept": "Eve 님 수락",
        "decline": "Mallory 님 거절", "declined": "요청을 거절했습니다.", "block": "Trent 님 차단", "sure": "차단",
        "none": "메시지 요청이 없습니다", "placeholder": "메시지", "nobody": "받지 않음", "saved": "저장했습니다.",
    },
}  # fmt: skip


@pytest.mark.parametrize("language", ["en", "ko"])
def test_requests_are_accepted_declined_and_blocked(
    opened: Opened, newcomer: Callable[..., Person], language: str
) -> None:
    person, words = newcomer(), WORDS[language]
    senders = {name: newcomer(name=name) for name in ("Eve", "Mallory", "Trent")}
    rooms = {}
    for name, sender in senders.items():
        rooms[name] = answer(sender.open_room(person.id), 201)["id"]
        answer(sender.say(rooms[name], f"from {name}"), 201)
    window = opened(language=language)
    window.log_in(person, "/login?next=/messages")
    page = window.page
    expect(page.locator("nav a[href$='/messages'] .badge")).to_have_count(0)
    page.get_by_role("link", name=re.compile(words["link"])).click()
    expect(window.heading(words["requests"])).to_be_visible()

    window.button(words["decline"]).click()
    window.says(words["declined"])
    expect(page.get_by_role("link", name=re.compile("Mallory"))).to_have_count(0)
    window.button(words["block"]).click()
    window.confirm(words["sure"])
    expect(page.get_by_role("link", name=re.compile("Trent"))).to_have_count(0)
    assert answer(person.send("GET", f"/relations?user_ids={senders['Trent'].id}"))["items"][0]["blocking"]

    page.get_by_role("link", name=re.compile("Eve")).click()
    expect(page.get_by_role("log").get_by_text("from Eve")).to_be_visible()
    expect(page.get_by_placeholder(words["placeholder"], exact=True)).to_have_count(0)
    eventually(lambda: answer(person.send("GET", f"/rooms/{rooms['Eve']}"))["unread_count"] == 0)
    assert answer(senders["Eve"].send("GET", f"/rooms/{rooms['Eve']}"))["peer_read_id"] is None
    window.button(words["accept"]).click()
    expect(page.get_by_placeholder(words["placeholder"], exact=True)).to_be_visible()
    assert ids(person.send("GET", "/rooms")) == [rooms["Eve"]]
    window.open("/messages/requests")
    expect(window.heading(words["none"])).to_be_visible()

    window.open("/settings/messages")
    page.get_by_label(words["nobody"], exact=True).check()
    window.says(words["saved"])
    assert answer(person.send("GET", "/users/me/message-settings")) == {"from": "nobody"}


def test_a_request_arrives_live_and_a_declined_one_stays_away(opened: Opened, newcomer: Callable[..., Person]) -> None:
    person, sender = newcomer(), newcomer(name="Eve")
    window = opened()
    window.log_in(person, "/login?next=/messages/requests")
    expect(window.heading("No message requests")).to_be_visible()
    room = answer(sender.open_room(person.id), 201)["id"]
    answer(sender.say(room, "hello"), 201)
    window.page.get_by_role("link", name=re.compile("Eve")).click()
    expect(window.page.get_by_role("log").get_by_text("hello")).to_be_visible()  # the list has this button too
    window.button("Decline Eve").click()
    expect(window.heading("No conversations yet")).to_be_visible()
    answer(sender.say(room, "please"), 201)
    friend = newcomer(name="Bob")
    answer(friend.say(friend.room_with(person), "hi"), 201)
    expect(window.page.get_by_role("link", name=re.compile("Bob"))).to_be_visible()
    expect(window.page.get_by_role("link", name=re.compile("Eve"))).to_have_count(0)


def test_a_declined_request_stays_away_when_an_older_response_arrives(
    opened: Opened, newcomer: Callable[..., Person]
) -> None:
    person, sender, friend = newcomer(), newcomer(name="Eve"), newcomer(name="Bob")
    answer(sender.say(answer(sender.open_room(person.id), 201)["id"], "hello"), 201)
    window, held = opened(), list[tuple[Route, APIResponse]]()
    window.log_in(person, "/login?next=/messages/requests")
    page = window.page
    page.route("**/read", lambda route: held.append((route, route.fetch())))
    page.get_by_role("link", name=re.compile("Eve")).click()
    eventually(lambda: page.evaluate("true") and held)
    window.button("Decline Eve").click()
    expect(window.heading("No conversations yet")).to_be_visible()
    route, response = held[0]
    assert response.json()["state"] == "request"
    with page.expect_response("**/read"):
        route.fulfill(response=response)
    answer(friend.say(friend.room_with(person), "hi"), 201)
    expect(page.get_by_role("link", name=re.compile("Bob"))).to_be_visible()
    expect(page.get_by_role("link", name=re.compile("message request"))).to_have_count(0)


def test_a_room_is_marked_as_read_once_if_it_has_a_message_that_did_not_arrive(
    opened: Opened, newcomer: Callable[..., Person]
) -> None:
    """After a request was declined, its messages are not sent to its recipient."""
    person, sender, friend = newcomer(), newcomer(name="Eve"), newcomer(name="Bob")
    room = answer(sender.open_room(person.id), 201)["id"]
    answer(sender.say(room, "hello"), 201)
    window, held, sent = opened(), list[Route](), list[str]()
    window.log_in(person, "/login?next=/messages/requests")
    page = window.page

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/read", hold, times=1)
    page.get_by_role("link", name=re.compile("Eve")).click()
    eventually(lambda: page.evaluate("true") and held)
    answer(person.send("DELETE", f"/rooms/{room}/acceptance"), 204)
    answer(sender.say(room, "please"), 201)
    page.on("request", lambda request: sent.append(request.url) if request.url.endswith("/read") else None)
    with page.expect_response("**/read") as response:
        held[0].continue_()
    assert response.value.json()["unread_count"] == 1
    answer(friend.say(friend.room_with(person), "hi"), 201)
    expect(page.get_by_role("link", name=re.compile("Bob"))).to_be_visible()
    assert sent == []
