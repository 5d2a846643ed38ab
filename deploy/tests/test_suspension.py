"""Suspension and removals on an instance that serves: hidden by every route; a suspension ends exactly as before."""

import io
import json
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from deploy.tests import passkeys
from deploy.tests.journeys.image_files import picture
from deploy.tests.journeys.person import API, Person
from deploy.tests.journeys.responses import answer, ids, items, refusal, unauthorized
from deploy.tests.journeys.test_pushed import validators
from deploy.tests.journeys.websocket import ear_of
from deploy.tests.standalone_process import CHEAP_HASHES, ForkedStandalone, Standalone
from shared.testing import eventually
from shared.testing.waiting import WAIT_SECONDS

Json = dict[str, Any]
SIGNATURE = re.compile(r'\?[^"\s]*signature=[^"\s]*')
"""URLs of private photos are signed at each reading, so they differ without anything having changed."""


@dataclass
class World:
    """Jo, who is suspended, Max, who looks, and what there is of both."""

    standalone: Standalone
    web: httpx.Client
    jo: Person
    max: Person
    post: str
    post_of_max: str
    thread: str
    lone: str
    reply_of_max: str
    room: str

    def admin(self, *arguments: str) -> list[Json]:
        done = self.standalone.admin("auth", *arguments, "--json")
        assert done.returncode == 0, done.stderr
        rows: list[Json] = json.loads(done.stdout)
        return rows

    def shown(self) -> dict[str, Any]:
        """What every route that may show Jo answers to Max and to everybody."""
        jo, post, theirs = self.jo.id, self.post, self.post_of_max
        public = (
            f"/users/{jo}", f"/users/by-nickname/{self.jo.nickname}", f"/users?query={self.jo.nickname}",
            f"/users/{jo}/followers", f"/users/{jo}/following", f"/users/{jo}/counts", f"/users/{jo}/posts",
            "/posts?limit=100", f"/posts?ids={post},{theirs}", f"/posts/{post}", f"/posts/{post}/likes",
            f"/posts/{post}/comments", f"/posts/{theirs}", f"/posts/{theirs}/likes", f"/posts/{theirs}/comments",
            "/tags/suspension/posts", "/tags?query=suspension",
            f"/comments/{self.thread}/replies", f"/comments/{self.reply_of_max}/likes",
            f"/users/{self.max.id}/followers", f"/users/{self.max.id}/following",
            f"/users/{self.max.id}/counts",
        )  # fmt: skip
        own = ("/feed", f"/relations?user_ids={jo}", f"/rooms/{self.room}", "/rooms", f"/rooms/{self.room}/messages")
        found = {path: self.web.get(f"{API}{path}") for path in public}
        found |= {f"{path} of Max": self.max.send("GET", path) for path in own}
        return {path: _unsigned(each) if each.is_success else each.status_code for path, each in found.items()}


def _unsigned(response: httpx.Response) -> Any:
    return json.loads(SIGNATURE.sub("", response.text))


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("suspension") / "data"
    with (
        ForkedStandalone(folder, settings=CHEAP_HASHES).served() as standalone,
        httpx.Client(base_url=standalone.base_url, timeout=WAIT_SECONDS) as web,
    ):
        jo, max_ = Person.newcomer(web, name="Jo of Suspension"), Person.newcomer(web)
        jo.show_face(picture())
        for one, other in ((jo, max_), (max_, jo)):
            answer(one.follow(other.id))
        post, post_of_max = jo.posted("one #suspension", photos=2)["id"], max_.posted("of Max")["id"]
        jo.posted("two")
        for person in (jo, max_):
            answer(person.like(post))
            answer(person.like(post_of_max))
        answer(max_.comment(post, "on Jo's post"), 201)
        thread = answer(jo.comment(post_of_max, "words of Jo with a reply"), 201)["id"]
        reply = answer(max_.reply(post_of_max, thread, "a reply of Max"), 201)["id"]
        answer(jo.reply(post_of_max, thread, "a reply of Jo"), 201)
        for person in (jo, max_):
            answer(person.like_comment(reply))
        lone = answer(jo.comment(post_of_max, "lone words of Jo"), 201)["id"]
        room = jo.room_with(max_)
        first = answer(jo.say(room, "Remember this"), 201)
        answer(max_.say(room, "I shall", reply_to=first["id"]), 201)
        answer(jo.show(room), 201)
        answer(jo.share(room, post), 201)
        eventually(lambda: len(ids(max_.send("GET", "/feed"))) == 3)
        yield World(standalone, web, jo, max_, post, post_of_max, thread, lone, reply, room)


def test_suspended_account_is_hidden_by_every_route_and_then_exactly_as_before(world: World) -> None:
    jo, max_, web = world.jo, world.max, world.web
    phone = eventually(lambda: passkeys.register(jo))  # the first one loads a large package
    elsewhere = jo.elsewhere()
    before = world.shown()
    assert not [path for path, told in before.items() if told == 404]
    (told,) = world.admin("suspend", jo.nickname)
    assert told == {"user_id": jo.id, "suspended": True, "changed": True}

    missing = [f"{API}/users/{jo.id}", f"{API}/users/by-nickname/{jo.nickname}"]
    missing += [f"{API}/users/{jo.id}/{list_}" for list_ in ("followers", "following", "counts", "posts")]
    missing += [f"{API}/posts/{world.post}{list_}" for list_ in ("", "/likes", "/comments")]
    eventually(lambda: [web.get(each).status_code for each in missing] == [404] * len(missing))
    for person in (jo, elsewhere):
        eventually(lambda: person.account().status_code == 401)  # noqa: B023 - called at once
        for path in ("/users/me", "/feed", "/rooms", "/relations?user_ids=" + max_.id):
            unauthorized(person.send("GET", path))
        refusal(web.post(f"{API}/auth/refresh", json={"refresh_token": person.refresh_token}), 401, "invalid_token")
    eventually(lambda: answer(max_.send("GET", f"/rooms/{world.room}"))["closed"])
    _hidden_in_lists(world)
    _closed_conversation(world, before)
    _told_only_to_the_owner(world, phone)

    world.admin("reinstate", jo.id)
    eventually(lambda: world.shown() == before)
    answer(jo.log_in(), 200)
    answer(jo.say(world.room, "back again"), 201)
    third = jo.posted("three")["id"]
    eventually(lambda: ids(max_.send("GET", "/feed"))[0] == third)


def _hidden_in_lists(world: World) -> None:
    web, max_, jo = world.web, world.max, world.jo.id
    assert items(web.get(f"{API}/users", params={"query": world.jo.nickname})) == []
    assert {each["author"]["id"] for each in items(web.get(f"{API}/posts?limit=100"))} == {max_.id}
    assert ids(web.get(f"{API}/posts?ids={world.post},{world.post_of_max}")) == [world.post_of_max]
    assert ids(max_.send("GET", "/feed")) == [world.post_of_max]
    assert ids(web.get(f"{API}/posts/{world.post_of_max}/likes")) == [max_.id]
    (thread,) = items(web.get(f"{API}/posts/{world.post_of_max}/comments"))
    assert (thread["id"], thread["deleted"], thread["author"], thread["text"]) == (world.thread, True, None, None)
    assert ids(web.get(f"{API}/comments/{world.thread}/replies")) == [world.reply_of_max]
    assert ids(web.get(f"{API}/comments/{world.reply_of_max}/likes")) == [max_.id]
    assert items(web.get(f"{API}/tags/suspension/posts")) == []
    eventually(lambda: items(web.get(f"{API}/tags?query=suspension")) == [])
    replies = f"{API}/comments/{world.thread}/replies"
    eventually(lambda: items(web.get(replies))[0]["like_count"] == 1)
    refusal(max_.like_comment(world.thread), 404)
    assert ids(web.get(f"{API}/users/{max_.id}/followers")) == [] == ids(web.get(f"{API}/users/{max_.id}/following"))
    post, counts = f"{API}/posts/{world.post_of_max}", f"{API}/users/{max_.id}/counts"
    eventually(lambda: [answer(web.get(post))[each] for each in ("like_count", "comment_count")] == [1, 1])
    eventually(lambda: items(web.get(f"{post}/comments"))[0]["reply_count"] == 1)
    eventually(lambda: [*answer(web.get(counts)).values()] == [0, 0, None])
    refusal(max_.follow(jo), 404)
    refusal(max_.like(world.post), 404)
    refusal(max_.comment(world.post, "still there?"), 404)


def _closed_conversation(world: World, before: dict[str, Any]) -> None:
    now, room = world.shown(), f"/rooms/{world.room}"
    assert now[f"{room} of Max"] == before[f"{room} of Max"] | {"closed": True}
    gone = {"id": world.post, "author": None, "thumbnail_url": None, "deleted": True}
    messages = [each | {"post": each["post"] and gone} for each in before[f"{room}/messages of Max"]["items"]]
    assert now[f"{room}/messages of Max"]["items"] == messages
    refusal(world.max.say(world.room, "are you there?"), 409, "peer_suspended")
    refusal(world.max.open_room(world.jo.id), 404)
    refusal(world.max.share(world.room, world.post), (409, 422))


def _told_only_to_the_owner(world: World, phone: passkeys.Passkey) -> None:
    jo = world.jo
    refusal(jo.log_in(), 403, "account_suspended")
    answered = phone.answer_to(answer(world.web.post(f"{API}/auth/passkeys/login")))
    used = world.web.post(f"{API}/auth/passkeys/login/verify", json={"passkey": answered})
    refusal(used, 403, "account_suspended")
    right, jo.password = jo.password, "not the password"
    refusal(jo.log_in(), 401, "invalid_credentials")
    jo.password = right
    refusal(Person(world.web, nickname=jo.nickname).sign_up(), 409, "nickname_taken")


def test_suspended_account_is_exported_and_deleted_by_an_operator(world: World) -> None:
    ada = Person.newcomer(world.web)
    post = ada.posted("a post")["id"]
    answer(ada.follow(world.max.id))
    answer(ada.comment(world.post_of_max, "words of ada"), 201)
    world.admin("suspend", ada.email)
    eventually(lambda: world.web.get(f"{API}/posts/{post}").status_code == 404)
    export = eventually(lambda: [each for each in world.admin("export", ada.id) if each["state"] == "ready"])[0]
    archive = zipfile.ZipFile(io.BytesIO(world.web.get(export["url"]).content))
    assert [json.loads(each)["id"] for each in archive.read("posts.jsonl").splitlines()] == [post]
    assert b"words of ada" in archive.read("comments.jsonl")
    assert world.max.id.encode() in archive.read("following.jsonl")
    assert f"photos/posts/{json.loads(archive.read('posts.jsonl'))['media'][0]['id']}.jpg" in archive.namelist()
    world.admin("delete-account", ada.id, "--yes")
    done = eventually(lambda: [
        each for each in world.admin("withdrawals") if each["user_id"] == ada.id and None not in each.values()
    ])  # fmt: skip
    assert done[0]["user_id"] == ada.id
    refusal(ada.log_in(), 401, "invalid_credentials")


def test_removed_message_is_gone_for_both_and_their_sockets(world: World) -> None:
    web, (eve, max_, mod) = world.web, (Person.newcomer(world.web) for _ in range(3))
    room = eve.room_with(max_)
    bad, photo = answer(max_.say(room, "unkind words"), 201), answer(max_.show(room), 201)
    quoting = answer(eve.say(room, "Why?", reply_to=bad["id"]), 201)
    world.admin("role", mod.nickname, "moderator")
    answer(mod.refresh())
    checks = validators(answer(web.get("/asyncapi.json")))
    with ear_of(eve) as ear, ear_of(max_) as his:
        for message in (bad, photo):
            about = {"subject": {"kind": "message", "id": message["id"]}, "reason": "harassment"}
            report = answer(eve.send("POST", "/reports", json=about), 201)["id"]
            decision = {"state": "resolved", "action": "remove_content", "message": "Be kind."}
            answer(mod.send("PUT", f"/moderation/reports/{report}", json=decision))
            for each in (ear, his):
                while (event := each.next())["event"] != "message.updated":  # messages from before may still come
                    pass
                checks["message.updated"].validate(event)
                assert (event["data"]["id"], event["data"]["removed"]) == (message["id"], True)
    for person in (eve, max_):
        shown = {each["id"]: each for each in items(person.send("GET", f"/rooms/{room}/messages"))}
        for message in (bad, photo):
            empty = {"type": "text", "text": "", "image": None, "removed": True}
            assert shown[message["id"]] == message | empty
        assert (shown[quoting["id"]]["reply_to"]["text"], shown[quoting["id"]]["reply_to"]["removed"]) == ("", True)
        assert items(person.send("GET", "/messages", params={"query": "unkind"})) == []
    refusal(web.get(photo["image"]["url"]), 404)
    again = {"subject": {"kind": "message", "id": bad["id"]}, "reason": "spam"}
    refusal(max_.send("POST", "/reports", json=again), 404)
