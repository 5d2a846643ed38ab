"""WebSockets: both members receive the events of their room at once, while their tokens are valid."""

from contextlib import ExitStack

import httpx
import pytest
from websockets.exceptions import InvalidStatus

from shared.testing import eventually
from shared.testing.waiting import WAIT_SECONDS
from shared.testing.websocket_client import listening

from .person import Person, fresh_password
from .responses import answer, refusal, unauthorized
from .websocket import address, ear_of


@pytest.fixture
def pair(web: httpx.Client) -> tuple[Person, Person]:
    """Two users."""
    return Person.newcomer(web), Person.newcomer(web)


def test_D_both_members_receive_messages_and_read_marks_on_every_device(pair: tuple[Person, Person]) -> None:
    ada, bob = pair
    room = ada.room_with(bob)
    with ear_of(ada) as at_home, ear_of(ada.elsewhere()) as on_the_way, ear_of(bob) as his:
        ears = at_home, on_the_way, his
        said = answer(ada.say(room, "Would you paint the Engine?"), 201)
        assert [ear.next() for ear in ears] == [{"event": "message.created", "data": said}] * 3
        answer(bob.read(room, said["id"]))
        read = {"room_id": room, "user_id": bob.id, "message_id": said["id"]}
        assert [ear.next() for ear in ears] == [{"event": "room.read", "data": read}] * 3
        shown = answer(bob.show(room), 201)
        assert [ear.next()["data"] for ear in ears] == [shown] * 3


def test_D_missed_messages_are_read_by_rest(pair: tuple[Person, Person]) -> None:
    ada, bob = pair
    room = answer(ada.open_room(bob.id), 201)["id"]
    missed = answer(ada.say(room, "are you there?"), 201)
    with ear_of(bob) as ear:
        heard = answer(ada.say(room, "now?"), 201)
        while ear.next()["data"]["id"] != heard["id"]:
            pass
        assert answer(bob.send("GET", f"/rooms/{room}/messages"))["items"] == [heard, missed]


def test_D_other_users_receive_nothing(web: httpx.Client, pair: tuple[Person, Person]) -> None:
    ada, bob = pair
    eve = Person.newcomer(web)
    theirs, hers = answer(ada.open_room(bob.id), 201)["id"], answer(eve.open_room(bob.id), 201)["id"]
    with ear_of(eve) as ear:
        answer(ada.say(theirs, "between us"), 201)
        own = answer(eve.say(hers, "hello"), 201)
        assert ear.next()["data"] == own


def test_T2_socket_token_is_sent_in_a_header_or_subprotocol_but_not_in_the_url(other_user: Person) -> None:
    url, token = address(other_user), other_user.access_token
    with listening(url, subprotocols=["bearer", token]) as ear:
        assert ear.connection.subprotocol == "bearer"
    for query in (f"?access_token={token}", f"?token={token}", f"?authorization=Bearer%20{token}"):
        with pytest.raises(InvalidStatus) as refused, listening(url + query):
            pass
        assert refused.value.response.status_code == 401
        assert refused.value.response.headers["www-authenticate"] == 'Bearer error="invalid_token"'


def test_request_without_websocket_upgrade_gets_an_explanation(web: httpx.Client, other_user: Person) -> None:
    refusal(other_user.send("GET", "/ws"), 426, "upgrade_required")
    unauthorized(web.get("/api/v1/ws"))


def test_T3_logout_closes_only_the_sockets_of_this_session(pair: tuple[Person, Person]) -> None:
    ada, _ = pair
    twin = ada.elsewhere()
    with ear_of(ada) as first, ear_of(ada) as second, ear_of(twin) as there:
        answer(twin.log_out(), 204)
        assert there.closed() == 4401
        room = answer(ada.open_room(pair[1].id), 201)["id"]
        said = answer(ada.say(room, "still here"), 201)
        assert (first.next()["data"], second.next()["data"]) == (said, said)
    with pytest.raises(InvalidStatus, match="401"), ear_of(twin):
        pass


def test_T3_ending_a_session_from_another_device_closes_its_sockets(pair: tuple[Person, Person]) -> None:
    ada, _ = pair
    twin = ada.elsewhere()
    (session,) = (one["id"] for one in answer(twin.send("GET", "/auth/sessions"))["items"] if one["current"])
    with ear_of(twin) as there:
        answer(ada.send("DELETE", f"/auth/sessions/{session}"), 204)
        assert there.closed() == 4401


def test_T3_new_password_closes_the_sockets_of_all_other_sessions(pair: tuple[Person, Person]) -> None:
    ada, bob = pair
    others = [ada.elsewhere() for _ in range(2)]
    with ear_of(ada) as own, ExitStack() as stack:
        ears = [stack.enter_context(ear_of(other)) for other in others]
        answer(ada.change(new_password=fresh_password()))
        assert [ear.closed() for ear in ears] == [4401, 4401]
        room = answer(ada.open_room(bob.id), 201)["id"]
        said = answer(ada.say(room, "it is me"), 201)
        assert own.next()["data"] == said


def test_A6_withdrawal_closes_every_socket(pair: tuple[Person, Person]) -> None:
    ada, bob = pair
    room = answer(ada.open_room(bob.id), 201)["id"]
    twin = ada.elsewhere()
    with ear_of(ada) as first, ear_of(twin) as there, ear_of(bob) as his:
        answer(ada.withdraw(), 202)
        assert (first.closed(), there.closed()) == (4401, 4401)
        eventually(lambda: bob.say(room, "hello?").status_code == 409)
        refusal(bob.say(room, "hello?"), 409, "peer_withdrawn")
        assert his.connection.ping().wait(WAIT_SECONDS), "the other's stays"


def test_D_client_that_sends_anything_else_is_disconnected(other_user: Person) -> None:
    for text in ("hello", '{"event": "message.created", "data": {}}', b"hello"):
        with ear_of(other_user) as ear:
            ear.connection.send(text)
            assert ear.closed() == 1008
