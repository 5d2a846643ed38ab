"""Rooms: one for two users, messages of three kinds, quotes, and immutable messages (D1 to D4)."""

from typing import Any

import httpx
import pytest

from shared.testing import eventually

from .image_files import decoded
from .parallel import at_once
from .person import Person
from .responses import ID, TIME, answer, ids, invalid, items, refusal

ROOM = {"id", "peer", "last_message", "unread_count", "created_at"}
MESSAGE = {"id", "room_id", "sender", "type", "text", "image", "post_id", "post", "reply_to", "created_at"}
NOTHING = "0000000000000001"


@pytest.fixture(scope="module")
def jo(web: httpx.Client) -> Person:
    return Person.newcomer(web, name="Jo")


@pytest.fixture(scope="module")
def max_(web: httpx.Client) -> Person:
    return Person.newcomer(web, name="Max")


@pytest.fixture(scope="module")
def room(jo: Person, max_: Person) -> str:
    return jo.room_with(max_)


def newest(person: Person, room: str) -> Any:
    return items(person.send("GET", f"/rooms/{room}/messages"))[0]


def test_D1_two_users_share_one_room(web: httpx.Client, jo: Person) -> None:
    peer = Person.newcomer(web, name="Pia")
    room = answer(jo.open_room(peer.id), 201)
    assert set(room) >= ROOM and ID.fullmatch(room["id"]) and TIME.fullmatch(room["created_at"])
    assert peer.shown().items() <= room["peer"].items()
    assert (room["last_message"], room["unread_count"]) == (None, 0)
    assert answer(jo.open_room(peer.id), 200) == room
    theirs = answer(peer.open_room(jo.id), 200)
    assert (theirs["id"], theirs["peer"]["id"]) == (room["id"], jo.id)
    assert answer(peer.send("GET", f"/rooms/{room['id']}")) == theirs


def test_D1_concurrent_requests_for_a_room_get_the_same_room(web: httpx.Client) -> None:
    one, other = Person.newcomer(web), Person.newcomer(web)
    responses = at_once([lambda: one.open_room(other.id), lambda: other.open_room(one.id)] * 3)
    assert sorted(response.status_code for response in responses) == [200] * 5 + [201]
    assert len({response.json()["id"] for response in responses}) == 1
    listed = [len(items(person.send("GET", "/rooms"))) for person in (one, other)]
    assert sorted(listed) == [0, 1], "for the one who did not open it, it is a request without a message"


def test_D1_room_with_oneself_or_an_unknown_user_is_refused(jo: Person) -> None:
    refusal(jo.open_room(jo.id), 422)
    refusal(jo.open_room(NOTHING), 404)
    invalid(jo.open_room("no id"), "/user_id")


def test_D2_message_can_be_a_text(jo: Person, max_: Person, room: str) -> None:
    message = answer(jo.say(room, "Hi Max 👋"), 201)
    assert set(message) >= MESSAGE and ID.fullmatch(message["id"]) and TIME.fullmatch(message["created_at"])
    assert (message["room_id"], message["type"], message["text"]) == (room, "text", "Hi Max 👋")
    assert [message[absent] for absent in ("image", "post_id", "reply_to")] == [None] * 3
    assert jo.shown().items() <= message["sender"].items()
    assert newest(max_, room) == message


def test_D2_message_can_be_a_photo_private_to_the_room(web: httpx.Client, jo: Person, max_: Person, room: str) -> None:
    photo = answer(jo.upload_to(room), 201)
    message = answer(jo.message(room, type="image", media_id=photo["id"]), 201)
    assert (message["type"], message["text"], message["post_id"]) == ("image", None, None)
    image = newest(max_, room)["image"]
    assert (image["id"], image["width"], image["height"]) == (photo["id"], photo["width"], photo["height"])
    for url in (image["url"], image["thumbnail_url"]):
        served = max_.fetch("GET", url)
        assert served.status_code == 200 and decoded(served.content).width > 0
        assert web.get(url.partition("?")[0]).status_code in (401, 403, 404)


def test_D2_changed_signature_of_a_private_photo_is_refused(web: httpx.Client, jo: Person, room: str) -> None:
    url = answer(jo.upload_to(room), 201)["url"]
    assert web.get(url).status_code == 200, "the signature is enough, so that a page can show it"
    path, _, query = url.partition("?")
    for name, value in httpx.QueryParams(query).items():
        for other in (value[::-1] + "0", "", "9" * 12):
            changed = httpx.QueryParams(query).set(name, other)
            refusal(web.get(f"{path}?{changed}"), {400, 401, 403, 404})


def test_D2_message_can_be_a_shared_post(jo: Person, max_: Person, room: str) -> None:
    post = max_.posted("look at this")
    message = answer(jo.share(room, post["id"]), 201)
    assert (message["type"], message["post_id"]) == ("post", post["id"])
    assert (message["text"], message["image"]) == (None, None)
    card = {"id": post["id"], "author": post["author"], "thumbnail_url": post["media"][0]["thumbnail_url"]}
    assert message["post"] == {**card, "deleted": False}
    assert newest(max_, room) == message
    assert answer(max_.send("GET", f"/rooms/{room}/messages/{message['id']}")) == message


def test_D2_message_stays_when_its_shared_post_is_deleted(jo: Person, max_: Person, room: str) -> None:
    post = jo.posted()
    message = answer(jo.share(room, post["id"]), 201)
    answer(jo.delete_post(post["id"]), 204)
    refusal(jo.share(room, post["id"]), 422, "unknown_post")
    gone = {"id": post["id"], "author": None, "thumbnail_url": None, "deleted": True}
    assert newest(max_, room) == message | {"post": gone}


TEXT, IMAGE, POST = {"text": "hi"}, {"media_id": NOTHING}, {"post_id": NOTHING}
NOT_ONE_OF_THE_THREE: list[dict[str, Any]] = [
    {},
    *({"type": kind} for kind in ("text", "image", "post")),
    *({"type": "text", **wrong} for wrong in (IMAGE, POST, TEXT | IMAGE, TEXT | POST)),
    *({"type": "image", **wrong} for wrong in (TEXT, POST, IMAGE | TEXT, IMAGE | POST)),
    *({"type": "post", **wrong} for wrong in (TEXT, IMAGE, POST | TEXT, POST | IMAGE)),
    *({"type": "text", "text": text} for text in ("", "t" * 2001, None)),
    *({"type": kind, **TEXT} for kind in ("video", "", None)),
    TEXT,
]


@pytest.mark.parametrize("content", NOT_ONE_OF_THE_THREE)
def test_D2_message_has_exactly_one_content(jo: Person, room: str, content: dict[str, Any]) -> None:
    before = ids(jo.send("GET", f"/rooms/{room}/messages"))
    refusal(jo.message(room, **content), 422)
    assert ids(jo.send("GET", f"/rooms/{room}/messages")) == before


def test_D2_shared_post_and_photo_must_exist_and_be_usable_by_the_sender(
    web: httpx.Client, jo: Person, max_: Person, room: str
) -> None:
    elsewhere = answer(jo.open_room(Person.registered(web).id), 201)["id"]
    refusal(jo.share(room, NOTHING), 422, "unknown_post")
    peers, of_another_room = (answer(one, 201)["id"] for one in (max_.upload_to(room), jo.upload_to(elsewhere)))
    for media_id in (NOTHING, jo.photo(), peers, of_another_room):
        refusal(jo.message(room, type="image", media_id=media_id), 422, "unknown_media")
    private = answer(jo.upload_to(room), 201)["id"]
    refusal(jo.send("POST", "/posts", json={"media_ids": [private]}), 422)


def test_D2_longest_text_is_accepted(jo: Person, room: str) -> None:
    assert answer(jo.say(room, "字" * 2000), 201)["text"] == "字" * 2000


def test_D3_messages_cannot_be_edited_or_deleted(jo: Person, max_: Person, room: str) -> None:
    message = answer(jo.say(room, "carved in stone"), 201)
    path = f"/rooms/{room}/messages/{message['id']}"
    for person in (jo, max_):
        for method in ("PATCH", "DELETE", "PUT"):
            response = person.send(method, path, json={"text": "sand"})
            refusal(response, 405, "method_not_allowed")
            assert method not in response.headers["Allow"]
    for method in ("PATCH", "DELETE", "PUT"):
        refusal(jo.send(method, f"/rooms/{room}/messages", json={"text": "sand"}), 405, "method_not_allowed")
    refusal(jo.send("DELETE", f"/rooms/{room}"), 405, "method_not_allowed")
    assert newest(max_, room) == message


def test_only_both_members_find_a_text(web: httpx.Client, jo: Person, max_: Person, room: str) -> None:
    said = answer(jo.say(room, "방파제에서 7시"), 201)
    for query in ("방파제", "제에", "7시"):
        for member in (jo, max_):
            assert items(member.send("GET", "/messages", params={"query": query})) == [said]
    assert items(Person.newcomer(web).send("GET", "/messages", params={"query": "방파제"})) == []
    invalid(jo.send("GET", "/messages", params={"query": " "}), "/query")


def test_D4_message_may_quote_an_earlier_message_of_the_room(jo: Person, max_: Person, room: str) -> None:
    text = answer(jo.say(room, "shall we?"), 201)
    image, post = answer(jo.show(room), 201), answer(jo.share(room, jo.posted()["id"]), 201)
    for quoted in (text, image, post):
        message = answer(max_.say(room, "yes", reply_to=quoted["id"]), 201)
        expected = {"id": quoted["id"], "sender_id": jo.id, "type": quoted["type"], "text": quoted["text"]}
        assert expected.items() <= message["reply_to"].items()
        assert newest(jo, room) == message
    photo = answer(jo.upload_to(room), 201)["id"]
    with_photo = answer(jo.message(room, type="image", media_id=photo, reply_to=text["id"]), 201)
    assert with_photo["reply_to"]["id"] == text["id"]


def test_D4_quoted_message_must_be_of_the_same_room(web: httpx.Client, jo: Person, room: str) -> None:
    elsewhere = answer(jo.open_room(Person.registered(web).id), 201)["id"]
    other = answer(jo.say(elsewhere, "elsewhere"), 201)["id"]
    before = ids(jo.send("GET", f"/rooms/{room}/messages"))
    for quoted in (other, NOTHING):
        refusal(jo.say(room, "what?", reply_to=quoted), 422, "unknown_message")
    invalid(jo.say(room, "what?", reply_to="no id"), "/reply_to")
    assert ids(jo.send("GET", f"/rooms/{room}/messages")) == before


def test_rooms_are_listed_by_last_activity_with_unread_counts(web: httpx.Client) -> None:
    jo, ann, bea = (Person.newcomer(web) for _ in range(3))
    with_ann, with_bea = (answer(jo.open_room(peer.id), 201)["id"] for peer in (ann, bea))
    assert ids(jo.send("GET", "/rooms")) == [with_bea, with_ann]
    for text in ("one", "two"):
        last = answer(ann.say(with_ann, text), 201)
    rooms = items(jo.send("GET", "/rooms"))
    assert [(room["id"], room["unread_count"]) for room in rooms] == [(with_ann, 2), (with_bea, 0)]
    assert (rooms[0]["last_message"], rooms[1]["last_message"]) == (last, None)
    assert items(ann.send("GET", "/rooms"))[0]["unread_count"] == 0, "one's own words are read"


def test_messages_after_the_read_position_stay_unread(web: httpx.Client) -> None:
    jo, ann = Person.newcomer(web), Person.newcomer(web)
    room = answer(jo.open_room(ann.id), 201)["id"]
    first, second, third = (answer(ann.say(room, text), 201)["id"] for text in ("1", "2", "3"))
    assert answer(jo.read(room, second))["unread_count"] == 1
    assert answer(jo.read(room, first))["unread_count"] == 1, "what was read stays read"
    assert answer(jo.read(room, third))["unread_count"] == 0
    assert answer(jo.send("GET", f"/rooms/{room}"))["unread_count"] == 0
    refusal(jo.read(room, NOTHING), {404, 422})


def test_room_of_others_is_not_found(other_user: Person, jo: Person, room: str) -> None:
    message = answer(jo.say(room, "between us"), 201)
    refusal(other_user.send("GET", f"/rooms/{room}"), 404)
    refusal(other_user.send("GET", f"/rooms/{room}/messages"), 404)
    refusal(other_user.say(room, "let me in"), 404)
    refusal(other_user.upload_to(room), 404)
    refusal(other_user.read(room, message["id"]), 404)
    assert room not in ids(other_user.send("GET", "/rooms"))
    eventually(lambda: newest(jo, room) == message)


def test_missed_messages_are_read_after_the_last_known_message(web: httpx.Client, jo: Person) -> None:
    peer = Person.newcomer(web)
    room = answer(jo.open_room(peer.id), 201)["id"]
    known, *missed = [answer(each.say(room, "words"), 201)["id"] for each in [jo, peer] * 3]
    first = jo.send("GET", f"/rooms/{room}/messages?since={known}&limit=3")
    assert ids(first) == missed[:3]
    missed.append(answer(peer.say(room, "one more"), 201)["id"])
    rest = jo.fetch("GET", first.links["next"]["url"])
    assert ids(rest) == missed[3:] and answer(rest)["next_cursor"] is None
    assert ids(jo.send("GET", f"/rooms/{room}/messages?since={missed[-1]}")) == []
    refusal(Person.newcomer(web).send("GET", f"/rooms/{room}/messages?since={known}"), 404)
