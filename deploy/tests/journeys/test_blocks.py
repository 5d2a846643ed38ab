"""Blocks and mutes over all services: neither sees the other, history stays, and a mute concerns the feed only."""

import httpx

from shared.testing import eventually

from .person import API, Person
from .responses import answer, ids, refusal


def both_follow(one: Person, other: Person) -> None:
    answer(one.follow(other.id))
    answer(other.follow(one.id))


def block(one: Person, other: Person, method: str = "PUT") -> None:
    answer(one.send(method, f"/users/{other.id}/block"))


def status(person: Person, path: str) -> int:
    return person.send("GET", path).status_code


def becomes(person: Person, path: str, expected: int) -> None:
    eventually(lambda: status(person, path) == expected)


def becomes_list(person: Person, path: str, expected: list[str]) -> None:
    eventually(lambda: ids(person.send("GET", path)) == expected)


def test_neither_sees_the_other_and_the_room_stays(web: httpx.Client) -> None:
    jo, max_ = Person.newcomer(web), Person.newcomer(web)
    both_follow(jo, max_)
    mine, theirs = jo.posted("of jo"), max_.posted("of max")
    answer(max_.send("PUT", f"/posts/{mine['id']}/like"))
    room = answer(jo.open_room(max_.id), 201)["id"]
    answer(jo.say(room, "kept"), 201)
    eventually(lambda: theirs["id"] in ids(jo.send("GET", "/feed")) and mine["id"] in ids(max_.send("GET", "/feed")))
    block(jo, max_)

    unseen = (f"/users/{jo.id}", f"/users/by-nickname/{jo.nickname}", f"/users/{jo.id}/posts", f"/posts/{mine['id']}")
    for path in unseen:
        becomes(max_, path, 404)
    eventually(lambda: answer(max_.send("GET", f"/rooms/{room}"))["closed"])
    becomes_list(jo, "/feed", [mine["id"]])
    becomes_list(max_, "/feed", [theirs["id"]])
    assert (
        ids(jo.send("GET", f"/users?query={max_.nickname}"))
        == ids(max_.send("GET", f"/users?query={jo.nickname}"))
        == []
    )
    assert ids(web.get(f"{API}/users?query={jo.nickname}")) == [jo.id], "without a token"
    refusal(max_.follow(jo.id), 404, "not_found")
    refusal(max_.send("PUT", f"/posts/{mine['id']}/like"), 404, "not_found")
    refusal(max_.comment(mine["id"], "why?"), 404, "not_found")
    refusal(max_.say(room, "why?"), 409, "peer_suspended")
    refusal(max_.open_room(jo.id), 404, "not_found")
    refusal(jo.say(room, "no"), 409, "user_blocked")
    refusal(jo.follow(max_.id), 409, "user_blocked")
    assert len(ids(max_.send("GET", f"/rooms/{room}/messages"))) == 1, "history stays"
    assert len(ids(max_.send("GET", "/messages?query=kept"))) == 1, "and is found"
    assert ids(jo.send("GET", f"/posts/{mine['id']}/likes")) == []
    assert ids(jo.send("GET", "/users/me/blocks")) == [max_.id]
    assert answer(jo.send("GET", f"/users/{max_.id}"))["id"] == max_.id, "so that the block can be ended"

    block(jo, max_, "DELETE")
    for path in unseen:
        becomes(max_, path, 200)
    eventually(lambda: max_.say(room, "thank you").status_code == 201)
    assert ids(web.get(f"{API}/users/{jo.id}/followers")) == [], "what the block has ended stays so"
    assert answer(max_.follow(jo.id))["following"]


def test_mute_concerns_the_feed_only(web: httpx.Client) -> None:
    jo, star = Person.newcomer(web), Person.newcomer(web)
    answer(jo.follow(star.id))
    post = star.posted("of star")
    becomes_list(jo, "/feed", [post["id"]])
    assert answer(jo.send("PUT", f"/users/{star.id}/mute"))["muting"]
    becomes_list(jo, "/feed", [])
    assert ids(jo.send("GET", f"/users/{star.id}/posts")) == [post["id"]] and status(star, f"/users/{jo.id}") == 200
    answer(jo.send("DELETE", f"/users/{star.id}/mute"))
    becomes_list(jo, "/feed", [post["id"]])


def test_removed_follower_sees_new_posts_no_longer(web: httpx.Client) -> None:
    jo, fan = Person.newcomer(web), Person.newcomer(web)
    answer(fan.follow(jo.id))
    post = jo.posted("for followers")
    becomes_list(fan, "/feed", [post["id"]])
    assert jo.send("DELETE", f"/users/me/followers/{fan.id}").status_code == 204
    becomes_list(fan, "/feed", [])
    assert ids(web.get(f"{API}/users/{jo.id}/followers")) == []


def test_withdrawal_ends_blocks_and_mutes(web: httpx.Client) -> None:
    jo, gone, friend = Person.newcomer(web), Person.newcomer(web), Person.newcomer(web)
    for kind in ("block", "mute"):
        for other in (gone, friend):
            answer(jo.send("PUT", f"/users/{other.id}/{kind}"))
    answer(gone.withdraw(), 202)
    for kind in ("blocks", "mutes"):
        becomes_list(jo, f"/users/me/{kind}", [friend.id])
