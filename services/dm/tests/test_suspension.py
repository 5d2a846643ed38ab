"""A suspended account in conversations: its peer keeps everything, with its name, and nobody can write."""

from typing import Any

import pytest

from services.dm import queries
from services.dm.actions import rooms
from services.dm.actions.people import PEOPLE
from shared import ids
from shared.database.engine import Database
from shared.errors import NotFound, Unauthenticated
from shared.testing import FakeTokenIssuer, LiveService
from shared.testing.api_client import expect_json, expect_problem

from .api_client import ApiClient
from .factories import deleted, registered, say, some_people


@pytest.fixture
def jo(dm: LiveService, token_issuer: FakeTokenIssuer, database: Database) -> ApiClient:
    """The user who is suspended."""
    return ApiClient(dm, token_issuer, *some_people(database, 1))


@pytest.fixture
def max_(dm: LiveService, token_issuer: FakeTokenIssuer, database: Database) -> ApiClient:
    """The other user."""
    return ApiClient(dm, token_issuer, *some_people(database, 1))


def get(person: ApiClient, path: str) -> Any:
    return expect_json(person.send("GET", path), 200)


def suspend(dm: LiveService, person: ApiClient, version: int = 2, *, suspended: bool = True) -> None:
    assert dm.deliver("user.updated.v1", registered(person.number, version, suspended=suspended))


def test_room_is_closed_with_its_names_and_messages_and_then_open(
    dm: LiveService, database: Database, jo: ApiClient, max_: ApiClient
) -> None:
    room = jo.room_with(max_)
    first = expect_json(jo.say(room, "Remember this"))
    expect_json(max_.say(room, "I shall", reply_to=first["id"]))
    assert dm.deliver("user.updated.v1", registered(jo.number, 2))
    before, said = get(max_, f"/rooms/{room}"), get(max_, f"/rooms/{room}/messages")
    assert before["closed"] is False and before["peer"]["name"]
    suspend(dm, jo, 3)
    assert get(max_, f"/rooms/{room}") == before | {"closed": True}
    assert get(max_, "/rooms")["items"] == [before | {"closed": True}]
    assert get(max_, f"/rooms/{room}/messages") == said
    expect_problem(max_.say(room, "are you there?"), 409, "peer_suspended")
    expect_problem(max_.upload(room), 409, "peer_suspended")
    expect_problem(max_.send("POST", "/rooms", json={"user_id": jo.id}), 404, "not_found")
    expect_json(max_.read(room, first["id"]), 200)
    expect_problem(jo.say(room, "still here"), 401, "invalid_token")
    expect_problem(jo.read(room, first["id"]), 401, "invalid_token")
    suspend(dm, jo, 4, suspended=False)
    assert get(max_, f"/rooms/{room}/messages") == said
    assert get(max_, f"/rooms/{room}")["closed"] is False
    expect_json(jo.say(room, "back again"))
    expect_json(max_.say(room, "good"))


def test_deletion_of_a_suspended_account_closes_the_room_for_good(
    dm: LiveService, jo: ApiClient, max_: ApiClient
) -> None:
    room = jo.room_with(max_)
    suspend(dm, jo)
    assert dm.deliver("user.deleted.v1", deleted(jo.number))
    suspend(dm, jo, 3, suspended=False)
    shown = get(max_, f"/rooms/{room}")
    assert (shown["closed"], shown["peer"]["deleted"], shown["peer"]["name"]) == (True, True, None)
    expect_problem(max_.say(room, "are you there?"), 409, "peer_withdrawn")


def test_no_room_is_opened_with_or_by_a_suspended_account(database: Database) -> None:
    ada, bob = some_people(database, 2)
    database.write(PEOPLE.store, registered(ada, 2, suspended=True))
    with pytest.raises(NotFound):
        database.write(rooms.open_room, bob, ada)
    with pytest.raises(Unauthenticated):
        database.write(rooms.open_room, ada, bob)


def test_export_of_a_suspended_account_has_its_rooms(database: Database) -> None:
    ada, bob = some_people(database, 2)
    room = database.write(rooms.open_room, ada, bob).room_id
    say(database, ada, room)
    database.write(PEOPLE.store, registered(ada, 2, suspended=True))
    with pytest.raises(NotFound):
        database.read(queries.peer_in, room, ids.new())
    assert database.read(queries.peer_in, room, ada) == bob
