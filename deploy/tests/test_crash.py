"""Kills at any moment: an accepted withdrawal completes, and no acknowledged write is lost."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import httpx
import pytest

from deploy.tests.journeys.person import API, Person
from deploy.tests.journeys.responses import answer, ids, items, refusal
from deploy.tests.standalone_process import ForkedStandalone, Standalone
from shared.testing import eventually
from shared.testing.waiting import WAIT_SECONDS

chance = random.Random(2026)
MOMENTS = [0, *sorted(chance.randrange(1, 80) for _ in range(3))]
"""The number of reads between the response to a withdrawal and the kill."""


@pytest.fixture(scope="module")
def standalone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standalone]:
    """One data folder; each test finds it running, and leaves it running in another process."""
    with ForkedStandalone(tmp_path_factory.mktemp("crash") / "data").served() as running:
        yield running


@dataclass
class Life:
    """The data of a user, and of those who stay."""

    leaver: Person
    friend: Person
    posts: list[dict[str, Any]]
    post_of_friend: str
    room: str
    history: list[dict[str, Any]]

    def reached_by(self, web: httpx.Client) -> "Life":
        """The same through another connection."""
        self.leaver.web = self.friend.web = web
        return self

    def files(self) -> list[str]:
        return [photo[kind] for post in self.posts for photo in post["media"] for kind in ("url", "thumbnail_url")]


def lived(web: httpx.Client) -> Life:
    leaver, friend = Person.newcomer(web), Person.newcomer(web)
    answer(leaver.follow(friend.id))
    answer(friend.follow(leaver.id))
    posts = [leaver.posted(f"number {number}", photos=2) for number in range(4)]
    post_of_friend = friend.posted("stays")["id"]
    for post in posts:
        answer(friend.like(post["id"]))
        answer(friend.comment(post["id"], "nice"), 201)
    answer(leaver.like(post_of_friend))
    answered = answer(leaver.comment(post_of_friend, "answered words"), 201)["id"]
    answer(friend.reply(post_of_friend, answered, "the answer"), 201)
    for number in range(10):
        answer(leaver.comment(post_of_friend, f"lone words {number}"), 201)
    room = leaver.room_with(friend)
    for number in range(5):
        answer(leaver.say(room, f"remember {number}"), 201)
    return Life(leaver, friend, posts, post_of_friend, room, said(friend, room))


def said(person: Person, room: str) -> list[dict[str, Any]]:
    return items(person.send("GET", f"/rooms/{room}/messages?limit=100"))


@pytest.mark.parametrize("looks", MOMENTS)
def test_withdrawal_completes_after_a_kill(standalone: Standalone, looks: int) -> None:
    with httpx.Client(base_url=standalone.base_url, timeout=WAIT_SECONDS) as web:
        life = lived(web)
        answer(life.leaver.withdraw(), 202)
        for _ in range(looks):
            web.get(f"{API}/users/{life.leaver.id}/posts")
        standalone.kill()
    standalone.start()
    with httpx.Client(base_url=standalone.base_url, timeout=WAIT_SECONDS) as web:
        life = life.reached_by(web)
        refusal(life.leaver.account(), 401)
        refusal(life.leaver.log_in(), 401, "invalid_credentials")
        everything_goes(web, life)
        the_history_stays(life)


def everything_goes(web: httpx.Client, life: Life) -> None:
    url = f"{API}/posts/{life.post_of_friend}"
    for gone in (*(f"{API}/posts/{post['id']}" for post in life.posts), *life.files()):
        eventually(partial(is_gone, web, gone))
    eventually(lambda: answer(web.get(url))["like_count"] == 0)
    eventually(lambda: [one["deleted"] for one in items(web.get(f"{url}/comments"))] == [True])
    nobody = {"followers_count": 0, "following_count": 0, "followed_by_some": None}
    eventually(lambda: answer(web.get(f"{API}/users/{life.friend.id}/counts")) == nobody)
    assert items(web.get(f"{url}/likes")) == []
    answered = ids(web.get(f"{url}/comments"))[0]
    assert [one["text"] for one in items(web.get(f"{API}/comments/{answered}/replies"))] == ["the answer"]
    eventually(lambda: ids(life.friend.send("GET", "/feed")) == [life.post_of_friend])


def is_gone(web: httpx.Client, url: str) -> bool:
    return web.get(url).status_code == 404


def the_history_stays(life: Life) -> None:
    nameless = {"nickname": None, "name": None, "avatar_url": None, "deleted": True}
    expected = [one | {"sender": one["sender"] | nameless} for one in life.history]
    eventually(lambda: said(life.friend, life.room) == expected)
    refusal(life.friend.say(life.room, "hello?"), 409, "peer_withdrawn")


def test_acknowledged_writes_survive_a_kill(standalone: Standalone) -> None:
    with httpx.Client(base_url=standalone.base_url, timeout=WAIT_SECONDS) as web:
        jo, friend = Person.newcomer(web), Person.newcomer(web)
        room, post = jo.room_with(friend), jo.posted("last words")
        sent = [answer(jo.say(room, f"{number}"), 201)["id"] for number in range(20)]
        answer(friend.like(post["id"]))
        answer(friend.follow(jo.id))
        standalone.kill()
    standalone.start()
    with httpx.Client(base_url=standalone.base_url, timeout=WAIT_SECONDS) as web:
        jo.web = friend.web = web
        assert [one["id"] for one in said(friend, room)] == sent[::-1]
        assert answer(web.get(f"{API}/posts/{post['id']}"))["like_count"] == 1
        assert [web.get(photo["url"]).status_code for photo in post["media"]] == [200]
        assert ids(web.get(f"{API}/users/{jo.id}/followers")) == [friend.id]
        eventually(lambda: ids(friend.send("GET", "/feed")) == [post["id"]])
