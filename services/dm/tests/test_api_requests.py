"""Message requests: what each of the two sees, how often the sender may write, and the answers."""

from typing import Any

import pytest

from services.dm import models
from shared.database.engine import Database
from shared.testing import FakeTokenIssuer, LiveService, outbox_events
from shared.testing.api_client import expect_json, expect_problem
from shared.testing.websocket_client import Listener, listening

from .api_client import ApiClient
from .conftest import OtherServices
from .factories import NOTHING, registered, some_people
from .test_restrictions import block


@pytest.fixture(autouse=True)
def nobody_follows(other_services: OtherServices) -> None:
    other_services.following = False


def ear_of(person: ApiClient) -> Any:
    return listening(f"{person.service.url}/api/v1/ws", person.token_issuer.token(person.number))


def announced(database: Database) -> list[tuple[str, int]]:
    """The states and versions of all requests, in order."""
    told = outbox_events(database, models.outbox)
    return [(data["state"], data["version"]) for name, data in told if name == "room.requested.v1"]


def test_first_message_is_a_request_until_it_is_accepted(jo: ApiClient, max_: ApiClient, database: Database) -> None:
    room = jo.room_with(max_)
    assert [each["id"] for each in jo.rooms()] == [room], "its sender has it among their rooms"
    assert max_.rooms() == max_.requests() == [], "a room without a message is no request"
    said = expect_json(jo.say(room, "hello"))
    (request,) = max_.requests()
    assert (request["id"], request["state"], request["unread_count"]) == (room, "request", 1)
    assert request["last_message"] == said and max_.rooms() == []
    assert jo.room(room)["state"] == "open" and jo.requests() == []
    assert max_.messages(room) == [said], "it can be read"
    for _ in range(2):
        assert expect_json(max_.accept(room), 200) == max_.room(room)
    assert max_.room(room)["state"] == "open" and max_.requests() == []
    assert [each["id"] for each in max_.rooms()] == [room]
    assert expect_json(jo.accept(room), 200)["state"] == "open", "nothing to accept"
    assert announced(database) == [("request", 1), ("accepted", 2)]


def test_sender_writes_three_messages_until_the_other_answers(jo: ApiClient, max_: ApiClient) -> None:
    room = jo.room_with(max_)
    said = [expect_json(jo.say(room, str(number)))["id"] for number in range(3)]
    expect_problem(jo.say(room, "four"), 409, "request_pending")
    assert len(max_.messages(room)) == 3 and max_.room(room)["unread_count"] == 3
    answered = expect_json(max_.say(room, "yes?", reply_to=said[0]))
    assert max_.room(room)["state"] == "open" and jo.messages(room)[0] == answered
    for number in range(4):
        expect_json(jo.say(room, str(number)))


def test_follower_of_the_sender_gets_no_request(
    jo: ApiClient, max_: ApiClient, other_services: OtherServices, database: Database
) -> None:
    other_services.following = True
    room = jo.room_with(max_)
    expect_json(jo.say(room, "hello"))
    assert [each["id"] for each in max_.rooms()] == [room] and announced(database) == []
    asked = [each.url.path for each in other_services.asked if "follows" in each.url.path]
    assert asked == [f"/internal/follows/{max_.id}/{jo.id}"]
    jo.room_with(max_)
    max_.room_with(jo)
    assert len([each for each in other_services.asked if "follows" in each.url.path]) == 1, "once for each room"


def test_sender_learns_nothing_of_what_is_read_before_it_is_accepted(jo: ApiClient, max_: ApiClient) -> None:
    room = jo.room_with(max_)
    with ear_of(jo) as hers, ear_of(max_) as his:
        said = expect_json(jo.say(room, "hello"))["id"]
        assert next_message(hers)["id"] == next_message(his)["id"] == said
        assert expect_json(max_.read(room, said), 200)["unread_count"] == 0
        assert jo.room(room)["peer_read_id"] is None
        heard = his.next()
        assert (heard["event"], heard["data"]["unread_count"]) == ("room.updated", 0)
        expect_json(max_.accept(room), 200)
        told = hers.next()
        assert (told["event"], told["data"]["peer_read_id"]) == ("room.updated", said), "the first that she hears"
    assert jo.room(room)["peer_read_id"] == said


@pytest.mark.parametrize("hides", [False, True])
def test_declined_request_stays_away_and_its_sender_does_not_notice(
    jo: ApiClient, max_: ApiClient, database: Database, hides: bool
) -> None:
    room = jo.room_with(max_)
    with ear_of(jo) as hers, ear_of(max_) as his:
        first = expect_json(jo.say(room, "hello"))
        assert next_message(hers) == next_message(his) == first
        before = jo.room(room)
        for _ in range(2):
            assert (max_.hide(room) if hides else max_.decline(room)).status_code == 204
        assert his.next()["data"]["hidden"]
        assert jo.room(room) == before and jo.rooms() == [before]
        for text in ("please?", "pretty please?"):
            said = expect_json(jo.say(room, text))
            assert next_message(hers) == said
        assert max_.requests() == max_.rooms() == []
        expect_problem(jo.say(room, "four"), 409, "request_pending")
        expect_json(max_.accept(room), 200)
        assert his.next()["event"] == "room.updated", "the first that he hears"
    assert [each["unread_count"] for each in max_.rooms()] == [3]
    assert announced(database) == [("request", 1), ("declined", 2), ("accepted", 3)]


def next_message(ear: Listener) -> Any:
    heard = ear.next()
    assert heard["event"] == "message.created"
    return heard["data"]


def test_request_that_was_declined_before_its_first_message_is_not_announced(
    jo: ApiClient, max_: ApiClient, database: Database
) -> None:
    room = jo.room_with(max_)
    assert max_.decline(room).status_code == 204
    expect_json(jo.say(room, "hello"))
    assert max_.requests() == [] == announced(database)


def test_accepted_conversation_cannot_be_declined(jo: ApiClient, max_: ApiClient) -> None:
    room = jo.room_with(max_)
    expect_problem(jo.decline(room), 409, "already_accepted")
    expect_json(max_.accept(room), 200)
    expect_problem(max_.decline(room), 409, "already_accepted")
    assert max_.hide(room).status_code == 204 and max_.rooms() == []


def test_others_and_suspended_accounts_answer_nothing(
    dm: LiveService, token_issuer: FakeTokenIssuer, database: Database, jo: ApiClient, max_: ApiClient
) -> None:
    third = ApiClient(dm, token_issuer, *some_people(database, 1))
    room = jo.room_with(max_)
    for answer in (third.accept, third.decline):
        expect_problem(answer(room), 404, "not_found")
        expect_problem(answer(NOTHING), 404, "not_found")
    assert dm.deliver("user.updated.v1", registered(max_.number, 2, suspended=True))
    for answer in (max_.accept, max_.decline):
        expect_problem(answer(room), 401, "invalid_token")


def test_request_of_a_blocked_or_suspended_sender_is_closed(dm: LiveService, jo: ApiClient, max_: ApiClient) -> None:
    room = jo.room_with(max_)
    expect_json(jo.say(room, "hello"))
    block(dm, max_, jo)
    expect_problem(jo.say(room, "again"), 409, "peer_suspended")
    assert [each["closed"] for each in max_.requests()] == [True]
    assert max_.decline(room).status_code == 204 and max_.requests() == []
    block(dm, max_, jo, 2, blocking=False)
    assert dm.deliver("user.updated.v1", registered(jo.number, 2, suspended=True))
    assert expect_json(max_.accept(room), 200)["closed"] is True


def test_settings_decide_who_may_begin(
    jo: ApiClient, max_: ApiClient, other_services: OtherServices, database: Database
) -> None:
    assert expect_json(max_.send("GET", "/users/me/message-settings"), 200) == {"from": "everyone"}
    opened = jo.room_with(max_)
    for senders in ("following", "nobody"):
        assert expect_json(max_.let_begin(senders), 200) == {"from": senders}
        expect_problem(jo.say(opened, "that was open before"), 409, "messages_refused")
    expect_json(max_.accept(opened), 200)
    expect_json(jo.say(opened, "accepted conversations go on"))

    eve = ApiClient(jo.service, jo.token_issuer, *some_people(database, 1))
    expect_problem(eve.open_room(max_), 409, "messages_refused")
    other_services.following = True
    expect_problem(eve.open_room(max_), 409, "messages_refused")
    assert expect_json(max_.let_begin("following"), 200) == {"from": "following"}
    assert expect_json(eve.open_room(max_))["state"] == "open"
    bad = max_.let_begin("friends")
    assert bad.status_code == 422
    assert expect_json(max_.send("GET", "/users/me/message-settings"), 200) == {"from": "following"}


def test_who_restricts_others_may_begin_themselves(jo: ApiClient, max_: ApiClient) -> None:
    expect_json(max_.let_begin("nobody"), 200)
    room = max_.room_with(jo)
    expect_json(max_.say(room, "hello"))
    expect_json(jo.say(room, "what is it?"))


def test_room_is_a_request_while_social_is_unavailable(
    jo: ApiClient, max_: ApiClient, other_services: OtherServices
) -> None:
    other_services.following, other_services.down = True, True
    expect_json(max_.let_begin("following"), 200)
    refused = expect_problem(jo.open_room(max_), 503, "neighbour_unavailable")
    assert refused["status"] == 503 and jo.rooms() == []
    expect_json(max_.let_begin("everyone"), 200)
    room = jo.room_with(max_)
    expect_json(jo.say(room, "hello"))
    assert [each["id"] for each in max_.requests()] == [room]


def test_unknown_user_is_fetched_before_settings_are_stored(
    dm: LiveService, token_issuer: FakeTokenIssuer, other_services: OtherServices
) -> None:
    newcomer = ApiClient(dm, token_issuer, 77)
    person = {**registered(77), "deleted": False}
    other_services.answers[f"/internal/people/{newcomer.id}"] = person
    assert expect_json(newcomer.let_begin("nobody"), 200) == {"from": "nobody"}
