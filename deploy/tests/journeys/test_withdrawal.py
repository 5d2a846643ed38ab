"""Withdrawal: what a user created is removed, and sent messages stay (P9, D5, A5)."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import httpx
import pytest

from shared.testing import eventually

from .image_files import picture
from .parallel import at_once
from .person import API, Person, fresh_phone
from .responses import answer, disappears, ids, items, refusal, unauthorized

Json = dict[str, Any]
NO_CARD: Json = {"author": None, "thumbnail_url": None, "deleted": True}
GONE: Json = {"nickname": None, "name": None, "avatar_url": None, "deleted": True}
CARRIED_ANEW = ("url", "thumbnail_url")
"""Of a private photo these are signed at each reading, so they differ without anything having changed."""


@dataclass
class World:
    """Jo, who withdraws, Max, who stays, and the data of both before the withdrawal."""

    jo: Person
    elsewhere: Person
    max: Person
    posts: list[Json]
    comment: Json
    post_of_max: Json
    thread_of_jo: Json
    answer_of_max: Json
    room: Json
    history: list[Json]
    photo_of_history: bytes
    avatar_url: str
    ended: httpx.Response


@pytest.fixture(scope="module")
def world(web: httpx.Client) -> World:
    """Data of every kind, after Jo has withdrawn."""
    jo, max_ = Person.newcomer(web, phone=fresh_phone()), Person.newcomer(web)
    avatar_url = answer(jo.show_face(picture()))["avatar_url"]
    for one, other in ((jo, max_), (max_, jo)):
        answer(one.follow(other.id))
    posts, post_of_max = [jo.posted("one", photos=2), jo.posted("two")], max_.posted("of Max")
    answer(max_.like(posts[0]["id"]))
    answer(jo.like(post_of_max["id"]))
    comment = answer(max_.comment(posts[0]["id"], "on Jo's post"), 201)
    answer(jo.reply(posts[0]["id"], comment["id"], "thanks"), 201)
    thread_of_jo = answer(jo.comment(post_of_max["id"], "answered words of Jo"), 201)
    answer_of_max = answer(max_.reply(post_of_max["id"], thread_of_jo["id"], "words of Max"), 201)
    answer(jo.comment(post_of_max["id"], "lone words of Jo"), 201)
    answer(jo.reply(post_of_max["id"], answer_of_max["id"], "last words of Jo"), 201)
    room = answer(jo.open_room(max_.id), 201)
    talk(jo, max_, room["id"], posts[1]["id"])
    eventually(lambda: posts[1]["id"] in ids(max_.send("GET", "/feed")))
    room, history = answer(max_.send("GET", f"/rooms/{room['id']}")), said_in(max_, room["id"])
    photo = max_.fetch("GET", next(one["image"]["url"] for one in history if one["image"])).content
    elsewhere = jo.elsewhere()
    return World(
        jo, elsewhere, max_, posts, comment, post_of_max, thread_of_jo, answer_of_max,
        room, history, photo, avatar_url, jo.withdraw(),
    )  # fmt: skip


def talk(jo: Person, max_: Person, room: str, post: str) -> None:
    """A conversation with every kind of message."""
    first = answer(jo.say(room, "Remember this  \n 🌊 "), 201)
    answer(max_.say(room, "I shall", reply_to=first["id"]), 201)
    answer(jo.show(room), 201)
    answer(max_.show(room), 201)
    answer(jo.share(room, post), 201)


def said_in(person: Person, room: str) -> list[Json]:
    return items(person.send("GET", f"/rooms/{room}/messages?limit=100"))


def without_signatures(message: Json) -> Json:
    if message["image"] is None:
        return message
    image = {name: value for name, value in message["image"].items() if name not in CARRIED_ANEW}
    return message | {"image": image}


def test_A5_withdrawal_is_accepted(world: World) -> None:
    assert world.ended.status_code == 202


def test_A5_every_token_is_revoked_at_once(web: httpx.Client, world: World) -> None:
    for person in (world.jo, world.elsewhere):
        unauthorized(person.account())
        unauthorized(person.send("GET", "/feed"))
        unauthorized(person.send("GET", "/rooms"))
        unauthorized(person.follow(world.max.id))
        unauthorized(person.like(world.post_of_max["id"]))
        unauthorized(person.say(world.room["id"], "still here"))
        refusal(web.post(f"{API}/auth/refresh", json={"refresh_token": person.refresh_token}), 401)


def test_A5_login_is_refused(world: World) -> None:
    for identifier in (world.jo.email, world.jo.nickname, world.jo.phone):
        refusal(world.jo.log_in(identifier), 401, "invalid_credentials")


def test_A5_profile_is_not_found(web: httpx.Client, world: World) -> None:
    refusal(web.get(f"{API}/users/{world.jo.id}"), 404)
    refusal(web.get(f"{API}/users/by-nickname/{world.jo.nickname}"), 404)
    assert items(web.get(f"{API}/users", params={"query": world.jo.nickname})) == []
    disappears(web, world.avatar_url)


def test_A7_handles_stay_reserved(web: httpx.Client, world: World) -> None:
    refusal(Person(web, email=world.jo.email).sign_up(), 409, "email_taken")
    refusal(Person(web, nickname=world.jo.nickname).sign_up(), 409, "nickname_taken")
    refusal(Person(web, phone=world.jo.phone).sign_up(), 409, "phone_taken")
    refusal(world.max.change(nickname=world.jo.nickname), 409, "nickname_taken")
    refusal(Person(web, email=world.jo.email.upper()).sign_up(), 409, "email_taken")


def test_P9_posts_are_removed_with_their_likes_and_comments(web: httpx.Client, world: World) -> None:
    for post in world.posts:
        for path in ("", "/likes", "/comments"):
            url = f"{API}/posts/{post['id']}{path}"
            disappears(web, url)
    refusal(world.max.edit_comment(world.comment["id"], "still there?"), 404)
    refusal(web.get(f"{API}/comments/{world.comment['id']}/replies"), 404)
    refusal(world.max.like(world.posts[0]["id"]), 404)


def test_P9_posts_disappear_from_every_list(web: httpx.Client, world: World) -> None:
    theirs = {post["id"] for post in world.posts}
    eventually(lambda: not theirs & set(ids(web.get(f"{API}/posts?limit=100"))))
    eventually(lambda: ids(world.max.send("GET", "/feed")) == [world.post_of_max["id"]])
    disappears(web, f"{API}/users/{world.jo.id}/posts")


def test_P9_photo_files_are_deleted(web: httpx.Client, world: World) -> None:
    for url in (photo[kind] for post in world.posts for photo in post["media"] for kind in CARRIED_ANEW):
        disappears(web, url)


def test_P9_given_likes_are_removed_and_counted(web: httpx.Client, world: World) -> None:
    url = f"{API}/posts/{world.post_of_max['id']}"
    eventually(lambda: answer(web.get(url))["like_count"] == 0)
    assert items(web.get(f"{url}/likes")) == []


def test_P9_own_comments_are_removed_and_replies_of_others_stay(web: httpx.Client, world: World) -> None:
    url = f"{API}/posts/{world.post_of_max['id']}/comments"
    eventually(lambda: ids(web.get(url)) == [world.thread_of_jo["id"]])
    eventually(lambda: items(web.get(url))[0]["deleted"])
    blank = items(web.get(url))[0]
    assert (blank["text"], blank["author"], blank["deleted"]) == (None, None, True)
    replies = f"{API}/comments/{world.thread_of_jo['id']}/replies"
    eventually(lambda: ids(web.get(replies)) == [world.answer_of_max["id"]])
    kept = items(web.get(replies))[0]
    assert (kept["text"], kept["author"]["id"]) == ("words of Max", world.max.id)


def test_P9_comment_counts_are_updated(web: httpx.Client, world: World) -> None:
    """A deleted comment with replies is counted as a blank one."""
    post = world.post_of_max["id"]
    twin = answer(world.max.comment(world.max.posted()["id"], "answered"), 201)
    answer(world.max.reply(twin["post_id"], twin["id"], "kept"), 201)
    answer(world.max.delete_comment(twin["id"]), 204)
    expected = answer(web.get(f"{API}/posts/{twin['post_id']}"))["comment_count"]
    eventually(lambda: answer(web.get(f"{API}/posts/{post}"))["comment_count"] == expected)
    answer(world.max.delete_post(twin["post_id"]), 204)


def test_P9_follows_are_removed_in_both_directions_and_counted(web: httpx.Client, world: World) -> None:
    url = f"{API}/users/{world.max.id}"
    eventually(lambda: [*answer(web.get(f"{url}/counts")).values()] == [0, 0, None])
    assert items(web.get(f"{url}/followers")) == [] == items(web.get(f"{url}/following"))
    for path in ("followers", "following", "counts"):
        disappears(web, f"{API}/users/{world.jo.id}/{path}")
    eventually(lambda: world.max.follow(world.jo.id).status_code == 404)


def test_D5_messages_stay_unchanged_for_the_other_member(world: World) -> None:
    def senders() -> set[bool]:
        return {one["sender"]["deleted"] for one in said_in(world.max, world.room["id"]) if is_of_jo(one)}

    def is_of_jo(message: Json) -> bool:
        return bool(message["sender"]["id"] == world.jo.id)

    eventually(lambda: senders() == {True})
    expected = [one | {"sender": one["sender"] | GONE} if is_of_jo(one) else one for one in world.history]
    cards = [{"post": one["post"] and NO_CARD | {"id": one["post"]["id"]}} for one in expected]
    expected = [without_signatures(one | card) for one, card in zip(expected, cards, strict=True)]
    eventually(lambda: [without_signatures(one) for one in said_in(world.max, world.room["id"])] == expected)


def test_D5_room_stays_with_a_deleted_peer(world: World) -> None:
    def room() -> Json:
        shown: Json = answer(world.max.send("GET", f"/rooms/{world.room['id']}"))
        return shown

    eventually(lambda: room()["peer"]["deleted"])
    after = room()
    assert after["peer"] == world.room["peer"] | GONE
    assert (after["id"], after["created_at"]) == (world.room["id"], world.room["created_at"])
    assert after["last_message"]["id"] == world.history[0]["id"]
    assert ids(world.max.send("GET", "/rooms")) == [world.room["id"]]


def test_D5_photos_of_the_conversation_stay_visible(world: World) -> None:
    images = [one["image"] for one in said_in(world.max, world.room["id"]) if one["image"]]
    assert len(images) == 2
    assert [world.max.fetch("GET", image["url"]).status_code for image in images] == [200, 200]
    assert world.max.fetch("GET", images[0]["url"]).content == world.photo_of_history


def test_D5_no_new_message_or_room_is_possible(world: World) -> None:
    eventually(lambda: answer(world.max.send("GET", f"/rooms/{world.room['id']}"))["peer"]["deleted"])
    refusal(world.max.say(world.room["id"], "are you there?"), 409, "peer_withdrawn")
    refusal(world.max.open_room(world.jo.id), 404)
    assert len(said_in(world.max, world.room["id"])) == len(world.history)


def test_data_of_other_users_is_unchanged(web: httpx.Client, world: World) -> None:
    after = answer(web.get(f"{API}/posts/{world.post_of_max['id']}"))
    changing = ("like_count", "comment_count")
    assert {**after, **dict.fromkeys(changing)} == {**world.post_of_max, **dict.fromkeys(changing)}
    assert [web.get(photo["url"]).status_code for photo in after["media"]] == [200]
    assert answer(world.max.account())["id"] == world.max.id


def test_post_published_by_a_concurrent_request_is_removed_too(web: httpx.Client) -> None:
    jo = Person.newcomer(web)
    photos = [jo.photo() for _ in range(4)]

    def publish(photo: str) -> httpx.Response:
        return jo.send("POST", "/posts", json={"media_ids": [photo]})

    publishing: list[Callable[[], httpx.Response]] = [partial(publish, photo) for photo in photos]
    responses = at_once([jo.withdraw, *publishing])
    assert responses[0].status_code == 202
    for response in responses[1:]:
        assert response.status_code in (201, 401), response.text
        if response.status_code == 201:
            url = f"{API}/posts/{response.json()['id']}"
            disappears(web, url)
