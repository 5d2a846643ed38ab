"""Muting and hiding a room: on one's own side only."""

import threading

import pytest

from services.dm import room_queries
from services.dm.actions import own_side, rooms
from services.dm.actions.withdrawals import WITHDRAWAL
from services.dm.signed_urls import UrlSigner
from shared import ids
from shared.database.engine import Database
from shared.pagination import PageRequest
from shared.testing import FakeTokenIssuer, LiveService
from shared.testing.api_client import expect_json, expect_problem
from shared.testing.websocket_client import listening

from .api_client import ApiClient
from .factories import FIRST, NOTHING, say, some_people

URL_SIGNER = UrlSigner(b"k" * 32)


@pytest.fixture
def clients(dm: LiveService, token_issuer: FakeTokenIssuer, database: Database) -> list[ApiClient]:
    """Three users that dm knows."""
    return [ApiClient(dm, token_issuer, number) for number in some_people(database, 3)]


def test_a_muted_room_is_muted_for_one_user_until_they_unmute_it(clients: list[ApiClient]) -> None:
    jo, max_, _ = clients
    room = jo.room_with(max_)
    assert not jo.room(room)["muted"]
    for _ in range(2):
        assert expect_json(jo.mute(room), 200) == jo.room(room)
    expect_json(max_.say(room, "hello"))
    assert jo.room(room)["muted"] and jo.rooms()[0]["unread_count"] == 1, "its messages count all the same"
    assert not max_.room(room)["muted"]
    for _ in range(2):
        assert not expect_json(jo.unmute(room), 200)["muted"]


@pytest.mark.parametrize("sender", [0, 1])
def test_a_hidden_room_is_listed_again_after_a_message_of_either_user(clients: list[ApiClient], sender: int) -> None:
    jo, max_, third = clients
    other, room = jo.room_with(third), jo.room_with(max_)
    expect_json(max_.say(room, "before"))
    for _ in range(2):
        assert jo.hide(room).status_code == 204
    assert [each["id"] for each in jo.rooms()] == [other]
    assert jo.room(room)["hidden"] and len(jo.messages(room)) == 1, "it can be read"
    assert [each["id"] for each in max_.rooms()] == [room], "the peer sees it"
    assert jo.room_with(max_) == room and len(jo.rooms()) == 1, "opening it again does not list it"
    expect_json(clients[sender].say(room, "after"))
    assert [each["id"] for each in jo.rooms()] == [room, other]
    assert not jo.room(room)["hidden"]


def test_rooms_that_are_hidden_between_two_pages_are_left_out(database: Database) -> None:
    me, *peers = some_people(database, 5)
    listed = [database.write(rooms.open_room, me, peer).room_id for peer in peers]
    first = database.read(room_queries.rooms_of, me, PageRequest(2, None), URL_SIGNER)
    database.write(own_side.hide, me, listed[1])
    say(database, peers[0], listed[0])  # was on the next page, and is found there in its former position
    rest = database.read(room_queries.rooms_of, me, PageRequest(2, first.next), URL_SIGNER)
    assert [ids.parse(each["id"]) for each in rest.items] == [listed[0]]


def test_other_users_and_deleted_accounts_change_nothing(clients: list[ApiClient], database: Database) -> None:
    jo, max_, third = clients
    room = jo.room_with(max_)
    for change in (third.mute, third.unmute, third.hide):
        expect_problem(change(room), 404, "not_found")
        expect_problem(change(NOTHING), 404, "not_found")
    database.write(WITHDRAWAL.request, max_.number)
    for change in (max_.mute, max_.unmute, max_.hide):
        expect_problem(change(room), 401, "invalid_token")
    assert expect_json(jo.mute(room), 200)["muted"], "the one who stays keeps the room, and may mute it"
    assert jo.hide(room).status_code == 204 and jo.rooms() == []


def test_the_export_has_hidden_rooms(database: Database) -> None:
    me, peer = some_people(database, 2)
    room = database.write(rooms.open_room, me, peer).room_id
    database.write(own_side.hide, me, room)
    exported = database.read(lambda tx: room_queries.all_rooms_of(tx, me, FIRST, URL_SIGNER))
    assert [each["id"] for each in exported.items] == [ids.encode(room)]


def test_a_change_is_sent_to_the_sockets_of_its_user_once(clients: list[ApiClient]) -> None:
    jo, max_, _ = clients
    room = jo.room_with(max_)
    urls = [f"{each.service.url}/api/v1/ws" for each in (jo, max_)]
    tokens = [each.token_issuer.token(each.number) for each in (jo, max_)]
    with listening(urls[0], tokens[0]) as mine, listening(urls[1], tokens[1]) as theirs:
        for change in (jo.mute, jo.mute, jo.hide, jo.hide):
            change(room)
        expect_json(max_.say(room, "hello"))
        heard = [mine.next() for _ in range(3)]
        updates = [each["data"] for each in heard if each["event"] == "room.updated"]
        assert [each["muted"] for each in updates] == [True, True]
        assert [each["event"] for each in heard].count("message.created") == 1
        assert theirs.next()["event"] == "message.created", "the peer hears nothing of it"


def test_a_message_that_is_sent_while_the_room_is_hidden_is_never_lost(database: Database) -> None:
    """Either it came before and is hidden with the room, or it shows the room again: the last one decides."""
    me, peer = some_people(database, 2)
    room = database.write(rooms.open_room, me, peer).room_id
    start = threading.Barrier(2)

    def hide() -> None:
        start.wait()
        for _ in range(10):
            database.write(own_side.hide, me, room)

    hiding = threading.Thread(target=hide)
    hiding.start()
    start.wait()
    for number in range(10):
        say(database, peer, room, str(number))
    hiding.join()
    say(database, peer, room, "the last")
    (listed,) = database.read(room_queries.rooms_of, me, FIRST, URL_SIGNER).items
    assert (listed["last_message"]["text"], listed["unread_count"]) == ("the last", 11)
