"""Message requests: the first messages of people whom one does not follow, and who may begin at all."""

import httpx

from .person import Person
from .responses import answer, ids, items, refusal


def test_first_messages_of_a_stranger_are_a_request_and_those_of_others_are_not(web: httpx.Client) -> None:
    jo, max_, friend = (Person.newcomer(web) for _ in range(3))
    room = answer(jo.open_room(max_.id), 201)["id"]
    for number in range(3):
        answer(jo.say(room, str(number)), 201)
    refusal(jo.say(room, "four"), 409, "request_pending")
    known = friend.room_with(max_)
    answer(friend.say(known, "hello"), 201)
    assert ids(max_.send("GET", "/rooms")) == [known]
    (request,) = items(max_.send("GET", "/rooms?state=request"))
    assert (request["id"], request["state"], request["unread_count"]) == (room, "request", 3)
    assert answer(max_.accept(room))["state"] == "open"
    assert ids(max_.send("GET", "/rooms")) == [known, room] and ids(max_.send("GET", "/rooms?state=request")) == []
    answer(jo.say(room, "four"), 201)
    refusal(max_.decline(room), 409, "already_accepted")


def test_declined_request_is_shown_nowhere(web: httpx.Client) -> None:
    jo, max_ = Person.newcomer(web), Person.newcomer(web)
    room = answer(jo.open_room(max_.id), 201)["id"]
    answer(jo.say(room, "hello"), 201)
    answer(max_.decline(room), 204)
    answer(jo.say(room, "please"), 201)
    assert ids(max_.send("GET", "/rooms")) == [] == ids(max_.send("GET", "/rooms?state=request"))
    assert ids(jo.send("GET", "/rooms")) == [room]


def test_settings_say_who_may_begin(web: httpx.Client) -> None:
    jo, max_, friend = (Person.newcomer(web) for _ in range(3))
    answer(max_.follow(friend.id))
    settings = "/users/me/message-settings"
    assert answer(max_.send("GET", settings)) == {"from": "everyone"}
    answer(max_.send("PUT", settings, json={"from": "following"}))
    refusal(jo.open_room(max_.id), 409, "messages_refused")
    answer(friend.open_room(max_.id), 201)
    answer(max_.send("PUT", settings, json={"from": "nobody"}))
    refusal(Person.newcomer(web).open_room(max_.id), 409, "messages_refused")
    answer(friend.open_room(max_.id), 200)
