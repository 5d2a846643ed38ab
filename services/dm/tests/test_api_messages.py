"""D2, D3 and D4 over HTTP: a message has exactly one content, never changes, and may quote another."""

from typing import Any

import pytest

from services.dm import models
from shared import ids
from shared.database.engine import Database
from shared.testing import Stub
from shared.testing.api_client import expect_json, expect_problem

from .api_client import ApiClient
from .factories import NOTHING, rows_of, some_people


@pytest.fixture
def post(other_services: Stub) -> str:
    """An existing post."""
    post_id = ids.encode(ids.new())
    other_services.answers[f"/internal/posts/{post_id}"] = {"post_id": post_id, "author_id": NOTHING}
    return post_id


def test_d2_message_can_be_a_text(jo: ApiClient, max_: ApiClient, room: str) -> None:
    response = jo.say(room, "Hi Max 👋  \n ")
    message = expect_json(response)
    assert (message["room_id"], message["type"], message["text"]) == (room, "text", "Hi Max 👋  \n ")
    assert [message[absent] for absent in ("image", "post_id", "reply_to")] == [None] * 3
    assert (message["sender"]["id"], message["sender"]["nickname"]) == (jo.id, "nick0")
    assert response.headers["location"] == f"/api/v1/rooms/{room}/messages/{message['id']}"
    assert expect_json(max_.send("GET", f"/rooms/{room}/messages/{message['id']}"), 200) == message
    assert max_.messages(room) == [message] == [max_.room(room)["last_message"]]


def test_d2_message_can_be_a_photo(jo: ApiClient, max_: ApiClient, room: str) -> None:
    photo = expect_json(jo.upload(room, alt="A quay"))
    message = expect_json(jo.message(room, type="image", media_id=photo["id"]))
    assert (message["type"], message["text"], message["post_id"]) == ("image", None, None)
    assert message["image"] == photo == max_.messages(room)[0]["image"]


def test_d2_message_can_be_a_shared_post(jo: ApiClient, max_: ApiClient, room: str, post: str) -> None:
    message = expect_json(jo.share(room, post))
    assert (message["type"], message["post_id"]) == ("post", post)
    assert (message["text"], message["image"]) == (None, None)
    assert max_.messages(room) == [message]


def test_shared_posts_have_cards_from_one_request_for_a_page(
    jo: ApiClient, max_: ApiClient, room: str, other_services: Stub
) -> None:
    shared = [ids.encode(ids.new()) for _ in range(3)]
    author = {"id": jo.id, "nickname": "nick0", "name": "Name 0", "avatar_url": None, "deleted": False}
    cards = [{"id": each, "author": author, "thumbnail_url": f"/api/v1/media/{each}.jpg"} for each in shared[:2]]
    for each in shared:
        other_services.answers[f"/internal/posts/{each}"] = {"post_id": each, "author_id": jo.id}
    other_services.answers["/internal/previews"] = {"posts": cards}
    said = [expect_json(jo.share(room, each)) for each in shared]
    expected = [{**card, "deleted": False} for card in cards]
    expected.append({"id": shared[2], "author": None, "thumbnail_url": None, "deleted": True})
    assert [each["post"] for each in said] == expected
    other_services.asked.clear()
    assert max_.messages(room) == said[::-1]
    assert [dict(each.url.params) for each in other_services.asked] == [
        {"post_ids": ",".join(shared), "viewer": max_.id}
    ]
    assert max_.room(room)["last_message"] == said[2] | {"post": None}, "rooms need none"
    jo.say(room, "no post")
    other_services.asked.clear()
    expect_json(max_.send("GET", f"/rooms/{room}/messages?limit=1"), 200)
    assert other_services.asked == []
    other_services.down = True
    assert [each["post"] for each in max_.messages(room)] == [None] * 4, "messages are shown anyway"


TEXT: dict[str, Any] = {"text": "hi"}
IMAGE, POST = {"media_id": NOTHING}, {"post_id": NOTHING}
NOT_ONE_OF_THE_THREE: list[tuple[dict[str, Any], str]] = [
    ({}, "/type"),
    (TEXT, "/type"),
    *(({"type": kind, **TEXT}, "/type") for kind in ("video", "", None, 7, {"a": "b"}, ["text"], "t" * 30_000)),
    ({"type": "text"}, "/text"),
    ({"type": "image"}, "/media_id"),
    ({"type": "post"}, "/post_id"),
    *(({"type": "text", "text": text}, "/text") for text in ("", "t" * 2001, None, 7, "a\0b")),
    ({"type": "text", **TEXT, **IMAGE}, "/media_id"),
    ({"type": "text", **TEXT, **POST}, "/post_id"),
    ({"type": "image", **IMAGE, **TEXT}, "/text"),
    ({"type": "image", **IMAGE, **POST}, "/post_id"),
    ({"type": "post", **POST, **TEXT}, "/text"),
    ({"type": "post", **POST, **IMAGE}, "/media_id"),
    ({"type": "image", "media_id": 7}, "/media_id"),
    ({"type": "post", "post_id": "x"}, "/post_id"),
    ({"type": "text", **TEXT, "reply_to": "no id"}, "/reply_to"),
    ({"type": "text", **TEXT, "a/b~c": 1}, "/a~1b~0c"),
]


def test_d2_message_has_exactly_one_content(jo: ApiClient, room: str) -> None:
    for content, pointer in NOT_ONE_OF_THE_THREE:
        response = jo.message(room, **content)
        field_errors = expect_json(response, 422)["errors"]
        assert pointer in [fault["pointer"] for fault in field_errors], content
        assert len(response.content) < 2_000, "what was sent is not sent back"
    assert jo.messages(room) == []


def test_d2_body_that_is_not_an_object_is_refused(jo: ApiClient, room: str) -> None:
    for body in ("[]", '"text"', "null", "1", "[{}]"):
        headers = {"content-type": "application/json"}
        response = jo.send("POST", f"/rooms/{room}/messages", content=body, headers=headers)
        assert expect_problem(response, 422, "validation_failed")["errors"][0]["pointer"] == ""


def test_d2_longest_text_is_accepted(jo: ApiClient, room: str) -> None:
    assert expect_json(jo.say(room, "字" * 2000))["text"] == "字" * 2000


def test_d2_unknown_post_cannot_be_shared(jo: ApiClient, room: str, other_services: Stub) -> None:
    problem = expect_problem(jo.share(room, NOTHING), 422, "unknown_post")
    assert problem["errors"][0]["pointer"] == "/post_id"
    other_services.down = True
    expect_problem(jo.share(room, NOTHING), 503, "neighbour_unavailable")
    expect_json(jo.say(room, "words need nobody else"))


def test_d2_message_stays_when_its_shared_post_is_deleted(
    jo: ApiClient, max_: ApiClient, room: str, post: str, other_services: Stub
) -> None:
    message = expect_json(jo.share(room, post))
    other_services.answers.clear()
    assert max_.messages(room) == [message]


def test_d2_photo_is_used_once_by_its_uploader_in_its_room(
    jo: ApiClient, max_: ApiClient, room: str, database: Database
) -> None:
    third = ApiClient(jo.service, jo.token_issuer, *some_people(database, 1))
    elsewhere = jo.room_with(third)
    photo = expect_json(jo.upload(room))["id"]
    for wrong in (
        jo.message(elsewhere, type="image", media_id=photo),
        max_.message(room, type="image", media_id=photo),
    ):
        assert expect_problem(wrong, 422, "unknown_media")["errors"][0]["pointer"] == "/media_id"
    expect_json(jo.message(room, type="image", media_id=photo))
    expect_problem(jo.message(room, type="image", media_id=photo), 422, "unknown_media")
    expect_problem(jo.message(room, type="image", media_id=NOTHING), 422, "unknown_media")
    assert len(jo.messages(room)) == 1 and jo.messages(elsewhere) == []


def test_d2_photo_of_a_refused_message_can_still_be_sent(jo: ApiClient, room: str) -> None:
    photo = expect_json(jo.upload(room))["id"]
    expect_problem(jo.message(room, type="image", media_id=photo, reply_to=NOTHING), 422, "unknown_message")
    expect_json(jo.message(room, type="image", media_id=photo))


def test_d3_messages_cannot_be_edited_or_deleted(jo: ApiClient, max_: ApiClient, room: str) -> None:
    message = expect_json(jo.say(room, "carved in stone"))
    for person in (jo, max_):
        for method in ("PATCH", "DELETE", "PUT", "POST"):
            response = person.send(method, f"/rooms/{room}/messages/{message['id']}", json={"text": "sand"})
            expect_problem(response, 405, "method_not_allowed")
            assert response.headers["allow"] == "GET"
    for method in ("PATCH", "DELETE", "PUT"):
        response = jo.send(method, f"/rooms/{room}/messages", json={"text": "sand"})
        expect_problem(response, 405, "method_not_allowed")
        assert method not in response.headers["allow"]
    assert max_.messages(room) == [message]


def test_d4_message_may_quote_an_earlier_message_of_either_member(
    jo: ApiClient, max_: ApiClient, room: str, post: str
) -> None:
    said = [expect_json(jo.say(room, "shall we?")), expect_json(jo.show(room)), expect_json(max_.share(room, post))]
    for quoted, sender in zip(said, (jo, jo, max_), strict=True):
        message = expect_json(max_.say(room, "yes", reply_to=quoted["id"]))
        expected = {"id": quoted["id"], "sender_id": sender.id, "type": quoted["type"], "text": quoted["text"]}
        thumbnail_url = quoted["image"] and quoted["image"]["thumbnail_url"]
        assert message["reply_to"] == expected | {"thumbnail_url": thumbnail_url, "removed": False}
        assert jo.messages(room)[0] == message
    assert expect_json(jo.show(room, reply_to=said[0]["id"]))["reply_to"]["id"] == said[0]["id"]
    assert expect_json(jo.share(room, post, reply_to=said[0]["id"]))["reply_to"]["text"] == "shall we?"


def test_d4_quoted_message_must_be_of_the_same_room(jo: ApiClient, room: str, database: Database) -> None:
    third = ApiClient(jo.service, jo.token_issuer, *some_people(database, 1))
    other = expect_json(third.say(third.room_with(jo), "elsewhere"))["id"]
    for unknown in (other, NOTHING):
        problem = expect_problem(jo.say(room, "what?", reply_to=unknown), 422, "unknown_message")
        assert problem["errors"][0]["pointer"] == "/reply_to"
    assert jo.messages(room) == []


def test_same_key_and_body_repeat_the_first_response(jo: ApiClient, room: str) -> None:
    first, second = (jo.message(room, "key", type="text", text="once") for _ in range(2))
    assert expect_json(first) == expect_json(second) and first.content == second.content
    assert first.headers["location"] == second.headers["location"]
    expect_problem(jo.message(room, "key", type="text", text="twice"), 422, "idempotency_key_reused")
    expect_problem(jo.message(room, "k" * 256, type="text", text="once"), 400, "invalid_idempotency_key")
    assert len(jo.messages(room)) == 1


def test_idempotency_key_does_not_store_the_message(jo: ApiClient, room: str, database: Database) -> None:
    said = [jo.message(room, "text", type="text", text="\U0001f600" * 2_000), jo.show(room)]
    assert [row.body for row in rows_of(database, models.idempotency_keys)] == [b""]
    media = jo.upload(room).json()["id"]
    first, second = (jo.message(room, "photo", type="image", media_id=media) for _ in range(2))
    assert (expect_json(first)["id"], expect_json(first)["image"]["id"]) == (
        expect_json(second)["id"],
        expect_json(second)["image"]["id"],
    )
    assert expect_json(jo.message(room, "text", type="text", text="\U0001f600" * 2_000)) == expect_json(said[0])
    assert len(jo.messages(room)) == 3


def test_repeated_share_gets_the_first_response_after_the_post_is_deleted(
    jo: ApiClient, room: str, post: str, other_services: Stub
) -> None:
    first = jo.message(room, "key", type="post", post_id=post)
    del other_services.answers[f"/internal/posts/{post}"]
    assert jo.message(room, "key", type="post", post_id=post).content == first.content
    assert len(jo.messages(room)) == 1


def test_refused_message_does_not_use_up_its_key(jo: ApiClient, room: str, database: Database) -> None:
    expect_problem(jo.message(room, "key", type="text", text="a", reply_to=NOTHING), 422, "unknown_message")
    assert rows_of(database, models.idempotency_keys) == []
    expect_json(jo.message(room, "key", type="text", text="b"))


def test_unknown_message_is_not_found(jo: ApiClient, room: str, database: Database) -> None:
    third = ApiClient(jo.service, jo.token_issuer, *some_people(database, 1))
    other = expect_json(third.say(third.room_with(jo), "elsewhere"))["id"]
    for message in (NOTHING, other, "no-id"):
        expect_problem(jo.send("GET", f"/rooms/{room}/messages/{message}"), 404, "not_found")


def test_missed_messages_are_read_oldest_first(jo: ApiClient, max_: ApiClient, room: str) -> None:
    known, *missed = [expect_json(client.say(room, str(number)))["id"] for number, client in enumerate([jo, max_] * 3)]
    path, seen = f"/rooms/{room}/messages?since={known}&limit=2", list[str]()
    for _ in range(3):
        answer = jo.send("GET", path)
        page = expect_json(answer, 200)
        seen += [each["id"] for each in page["items"]]
        if page["next_cursor"] is None:
            break
        link = answer.headers["link"].removeprefix("<").partition(">")[0]
        assert f"since={known}&limit=2&cursor=" in link
        path = link.removeprefix("/api/v1")
        if len(seen) == 2:
            missed.append(expect_json(max_.say(room, "meanwhile"))["id"])
    assert seen == missed
    assert expect_json(jo.send("GET", f"/rooms/{room}/messages?since={missed[-1]}"), 200)["items"] == []


def test_missed_messages_require_membership_and_a_message_id(jo: ApiClient, room: str, database: Database) -> None:
    third = ApiClient(jo.service, jo.token_issuer, *some_people(database, 1))
    said = expect_json(jo.say(room, "a"))["id"]
    expect_problem(third.send("GET", f"/rooms/{room}/messages?since={said}"), 404, "not_found")
    for bad in ("", "1", "x", said.upper() + "0", f"{said}&since={said}"):
        assert jo.send("GET", f"/rooms/{room}/messages?since={bad}").status_code == 422
    assert [
        each["id"] for each in expect_json(jo.send("GET", f"/rooms/{room}/messages?since={NOTHING}"), 200)["items"]
    ] == [said]
    expect_json(jo.say(room, "b"))
    cursor = expect_json(jo.send("GET", f"/rooms/{room}/messages?limit=1"), 200)["next_cursor"]
    expect_problem(jo.send("GET", f"/rooms/{room}/messages?since={said}&cursor={cursor}"), 400, "invalid_cursor")


def test_messages_around_a_known_one_are_read(jo: ApiClient, max_: ApiClient, room: str) -> None:
    said = [expect_json(client.say(room, str(number)))["id"] for number, client in enumerate([jo, max_] * 3)]
    path, before = f"/rooms/{room}/messages?up_to={said[3]}&limit=3", list[str]()
    while path:
        response = jo.send("GET", path)
        before += [each["id"] for each in expect_json(response, 200)["items"]]
        path = response.links.get("next", {}).get("url", "").removeprefix("/api/v1")
        expect_json(max_.say(room, "meanwhile"))
    assert before == said[3::-1]
    between = expect_json(jo.send("GET", f"/rooms/{room}/messages?since={said[1]}&up_to={said[3]}"), 200)["items"]
    assert [each["id"] for each in between] == said[2:4]
    assert expect_json(jo.send("GET", f"/rooms/{room}/messages?up_to={NOTHING}"), 200)["items"] == []
    for bad in ("", "1", "x", f"{said[0]}&up_to={said[0]}"):
        assert jo.send("GET", f"/rooms/{room}/messages?up_to={bad}").status_code == 422


def test_messages_and_rooms_are_paged_with_links(jo: ApiClient, max_: ApiClient, room: str) -> None:
    said = [expect_json(jo.say(room, str(number)))["id"] for number in range(5)]
    first = jo.send("GET", f"/rooms/{room}/messages?limit=3")
    assert [each["id"] for each in expect_json(first, 200)["items"]] == said[:1:-1]
    second = jo.send("GET", first.links["next"]["url"].removeprefix("/api/v1"))
    assert [each["id"] for each in expect_json(second, 200)["items"]] == said[1::-1]
    assert expect_json(second, 200)["next_cursor"] is None
    for path in (f"/rooms/{room}/messages", "/rooms"):
        expect_problem(jo.send("GET", f"{path}?cursor=forged"), 400, "invalid_cursor")
        expect_problem(jo.send("GET", f"{path}?limit=101"), 422, "validation_failed")
