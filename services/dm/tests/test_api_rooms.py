"""D1 over HTTP: two users have one room, and nobody else can access it."""

import pytest

from services.dm import models
from services.dm.actions.withdrawals import WITHDRAWAL
from shared import ids
from shared.database.engine import Database
from shared.testing import FakeTokenIssuer, LiveService, Stub
from shared.testing.api_client import Json, expect_json, expect_problem

from .api_client import ApiClient
from .factories import NOTHING, registered, rows_of, some_people


@pytest.fixture
def clients(dm: LiveService, token_issuer: FakeTokenIssuer, database: Database) -> list[ApiClient]:
    """Three users that dm knows."""
    return [ApiClient(dm, token_issuer, number) for number in some_people(database, 3)]


def known(person: ApiClient, **changes: str) -> Json:
    """The response of auth about this user."""
    return registered(person.number) | changes | {"deleted": False}


def test_d1_two_users_share_one_room_that_either_opens(clients: list[ApiClient]) -> None:
    jo, max_, _ = clients
    first = jo.open_room(max_)
    room = expect_json(first)
    assert first.headers["location"] == f"/api/v1/rooms/{room['id']}"
    assert expect_json(jo.send("GET", first.headers["location"].removeprefix("/api/v1")), 200) == room
    assert (room["last_message"], room["unread_count"]) == (None, 0)
    assert room["peer"] == {
        "id": max_.id,
        "nickname": "nick1",
        "name": "Name 1",
        "avatar_url": None,
        "deleted": False,
    }
    again = jo.open_room(max_)
    assert expect_json(again, 200) == room and "location" not in again.headers
    theirs = expect_json(max_.open_room(jo), 200)
    assert theirs["id"] == room["id"] and theirs["peer"]["id"] == jo.id
    assert [each["id"] for each in max_.rooms()] == [room["id"]]


def test_d1_room_with_oneself_is_refused(clients: list[ApiClient]) -> None:
    problem = expect_problem(clients[0].open_room(clients[0]), 422, "cannot_message_self")
    assert problem["errors"][0]["pointer"] == "/user_id"
    assert clients[0].rooms() == []


def test_d1_room_with_an_unknown_or_withdrawn_user_is_refused(clients: list[ApiClient], database: Database) -> None:
    jo, max_, _ = clients
    expect_problem(jo.send("POST", "/rooms", json={"user_id": NOTHING}), 404, "not_found")
    database.write(WITHDRAWAL.request, max_.number)
    expect_problem(jo.open_room(max_), 404, "not_found")
    assert rows_of(database, models.rooms) == []


def test_unknown_user_is_fetched_from_auth_once(
    dm: LiveService, token_issuer: FakeTokenIssuer, other_services: Stub
) -> None:
    jo, max_ = (ApiClient(dm, token_issuer, ids.new()) for _ in range(2))
    for person in (jo, max_):
        other_services.answers[f"/internal/people/{person.id}"] = known(person, nickname=f"n{person.id}")
    assert expect_json(jo.open_room(max_))["peer"]["nickname"] == f"n{max_.id}"
    assert max_.rooms()[0]["peer"]["nickname"] == f"n{jo.id}"
    expect_json(max_.open_room(jo), 200)
    asked = [request.url.path for request in other_services.asked if "people" in request.url.path]
    assert sorted(asked) == sorted(f"/internal/people/{person.id}" for person in (jo, max_))


def test_user_reported_withdrawn_by_auth_is_not_found(clients: list[ApiClient], other_services: Stub) -> None:
    gone = ApiClient(clients[0].service, clients[0].token_issuer, ids.new())
    blank = {"nickname": None, "name": None, "avatar_url": None, "version": 0, "deleted": True}
    other_services.answers[f"/internal/people/{gone.id}"] = {"user_id": gone.id} | blank
    expect_problem(clients[0].open_room(gone), 404, "not_found")
    expect_problem(gone.open_room(clients[0]), 401, "invalid_token")


def test_only_unknown_users_fail_while_auth_is_unavailable(clients: list[ApiClient], other_services: Stub) -> None:
    jo, max_, _ = clients
    other_services.down = True
    expect_json(jo.open_room(max_))
    response = jo.send("POST", "/rooms", json={"user_id": ids.encode(ids.new())})
    expect_problem(response, 503, "neighbour_unavailable")
    assert response.headers["retry-after"]


def test_room_of_others_is_not_found(clients: list[ApiClient]) -> None:
    jo, max_, third = clients
    room = jo.room_with(max_)
    said = expect_json(jo.say(room, "between us"))["id"]
    attempts = [
        third.send("GET", f"/rooms/{room}"),
        third.send("GET", f"/rooms/{room}/messages"),
        third.send("GET", f"/rooms/{room}/messages/{said}"),
        third.say(room, "let me in"),
        third.say(room, "let me in", reply_to=said),
        third.share(room, NOTHING),
        third.upload(room),
        third.read(room, said),
    ]
    for response in attempts:
        expect_problem(response, 404, "not_found")
    assert third.rooms() == [] and len(jo.messages(room)) == 1


def test_malformed_room_id_is_not_found(clients: list[ApiClient]) -> None:
    for room in ("0", "nothing", "FFFFFFFFFFFFFFFF", NOTHING):
        expect_problem(clients[0].send("GET", f"/rooms/{room}"), 404, "not_found")


def test_invalid_room_body_is_refused(clients: list[ApiClient]) -> None:
    bodies: list[dict[str, object]] = [{}, {"user_id": NOTHING, "x": 1}]
    for body in bodies + [{"user_id": wrong} for wrong in (None, 7, "7", ["x"], 2**63)]:
        expect_problem(clients[0].send("POST", "/rooms", json=body), 422, "validation_failed")


def test_every_route_requires_a_token(dm: LiveService) -> None:
    for method, path in (("GET", ""), ("GET", f"/{NOTHING}"), ("GET", f"/{NOTHING}/messages")):
        expect_problem(dm.client.request(method, f"/api/v1/rooms{path}"), 401, "invalid_token")


def test_rooms_cannot_be_deleted_or_edited(clients: list[ApiClient]) -> None:
    room = clients[0].room_with(clients[1])
    for method in ("DELETE", "PATCH", "PUT"):
        expect_problem(clients[0].send(method, f"/rooms/{room}", json={}), 405, "method_not_allowed")


def test_messages_after_the_read_position_stay_unread(clients: list[ApiClient]) -> None:
    jo, max_, _ = clients
    room, elsewhere = jo.room_with(max_), jo.room_with(clients[2])
    first, second, third = (expect_json(max_.say(room, text))["id"] for text in "123")
    assert jo.room(room)["unread_count"] == 3 and max_.room(room)["unread_count"] == 0
    assert expect_json(jo.read(room, second), 200)["unread_count"] == 1
    assert expect_json(jo.read(room, first), 200)["unread_count"] == 1, "what was read stays read"
    assert expect_json(jo.read(room, third), 200) == jo.room(room) == jo.rooms()[0]
    assert jo.room(room)["unread_count"] == 0
    not_here = expect_json(jo.say(elsewhere, "elsewhere"))["id"]
    for unknown in (NOTHING, not_here):
        expect_problem(jo.read(room, unknown), 422, "unknown_message")


def test_a_room_says_up_to_which_message_the_other_user_has_read(clients: list[ApiClient]) -> None:
    jo, max_, _ = clients
    room = jo.room_with(max_)
    first, second = (expect_json(jo.say(room, text))["id"] for text in "12")
    assert jo.room(room)["peer_read_id"] is None
    assert expect_json(max_.read(room, first), 200)["peer_read_id"] is None, "the mark of the reader is not the peer's"
    assert jo.room(room)["peer_read_id"] == jo.rooms()[0]["peer_read_id"] == first
    max_.read(room, second)
    max_.read(room, first)
    assert jo.room(room)["peer_read_id"] == second
    assert max_.room(room)["peer_read_id"] is None
