"""Idempotency keys: a client that lost the response may repeat the request, and it is executed once."""

from collections.abc import Callable
from dataclasses import dataclass

import httpx
import pytest

from .parallel import at_once
from .person import Person, fresh_nickname
from .responses import answer, ids, refusal

KINDS = pytest.mark.parametrize("kind", ["post", "comment", "message"])


@dataclass
class Write:
    """A route that accepts the key: its request, and how to read the result."""

    ask: Callable[[str, str], httpx.Response]
    """Takes the key and the words."""
    there: Callable[[], list[str]]


@pytest.fixture(scope="module")
def jo(web: httpx.Client) -> Person:
    return Person.newcomer(web)


@pytest.fixture
def write(web: httpx.Client, jo: Person, kind: str) -> Write:
    return {"post": posting, "comment": commenting, "message": messaging}[kind](web, jo)


def posting(_: httpx.Client, jo: Person) -> Write:
    photo = jo.photo()

    def ask(key: str, words: str) -> httpx.Response:
        body = {"media_ids": [photo], "caption": words}
        return jo.send("POST", "/posts", json=body, headers={"Idempotency-Key": key})

    return Write(ask, lambda: ids(jo.send("GET", f"/users/{jo.id}/posts?limit=100")))


def commenting(_: httpx.Client, jo: Person) -> Write:
    post = jo.posted()["id"]
    return Write(
        lambda key, words: jo.comment(post, words, headers={"Idempotency-Key": key}),
        lambda: ids(jo.send("GET", f"/posts/{post}/comments?limit=100")),
    )


def messaging(web: httpx.Client, jo: Person) -> Write:
    room = jo.room_with(Person.newcomer(web))

    def ask(key: str, words: str) -> httpx.Response:
        body = {"type": "text", "text": words}
        return jo.send("POST", f"/rooms/{room}/messages", json=body, headers={"Idempotency-Key": key})

    return Write(ask, lambda: ids(jo.send("GET", f"/rooms/{room}/messages?limit=100")))


@KINDS
def test_same_key_and_body_repeat_the_first_response(write: Write) -> None:
    before, key = write.there(), fresh_nickname()
    first, second, third = (write.ask(key, "once") for _ in range(3))
    made = answer(first, 201)
    for again in (second, third):
        assert answer(again, 201) == made and again.content == first.content
        assert again.headers.get("location") == first.headers.get("location")
        assert again.headers["content-type"] == first.headers["content-type"]
    assert set(write.there()) - set(before) == {made["id"]}


@KINDS
def test_same_key_with_another_body_is_refused(write: Write) -> None:
    key = fresh_nickname()
    answer(write.ask(key, "first"), 201)
    before = write.there()
    refusal(write.ask(key, "second"), 422, "idempotency_key_reused")
    assert write.there() == before


@KINDS
def test_concurrent_requests_with_one_key_create_one_resource(write: Write) -> None:
    before, key = write.there(), fresh_nickname()
    responses = at_once([lambda: write.ask(key, "together")] * 6)
    made = [response.content for response in responses if response.status_code == 201]
    assert made and len(set(made)) == 1
    for response in responses:
        if response.status_code != 201:
            refusal(response, 409, "idempotency_in_progress")
    assert len(set(write.there()) - set(before)) == 1


@KINDS
def test_key_is_printable_and_has_at_most_255_characters(write: Write) -> None:
    before = write.there()
    refusal(write.ask("k" * 256, "too long"), {400, 422})
    assert write.there() == before
    answer(write.ask(f"{fresh_nickname()} ~ key".ljust(255, "k"), "longest"), 201)


@pytest.mark.parametrize("kind", ["comment", "message"])
def test_request_without_a_key_or_with_another_key_is_executed_again(write: Write, kind: str) -> None:
    before = write.there()
    made = {answer(write.ask(fresh_nickname(), "again"), 201)["id"] for _ in range(2)}
    assert len(made) == 2 and set(write.there()) - set(before) == made


def test_key_belongs_to_one_user(web: httpx.Client, jo: Person) -> None:
    other, key = Person.newcomer(web), fresh_nickname()
    post = jo.posted()["id"]
    mine = answer(jo.comment(post, "same words", headers={"Idempotency-Key": key}), 201)
    theirs = answer(other.comment(post, "same words", headers={"Idempotency-Key": key}), 201)
    assert mine["id"] != theirs["id"] and theirs["author"]["id"] == other.id


def test_first_response_is_repeated_after_the_resource_is_deleted(web: httpx.Client, jo: Person) -> None:
    post, key = jo.posted()["id"], fresh_nickname()
    first = jo.comment(post, "short life", headers={"Idempotency-Key": key})
    answer(jo.delete_comment(answer(first, 201)["id"]), 204)
    again = jo.comment(post, "short life", headers={"Idempotency-Key": key})
    assert answer(again, 201) == first.json()
    assert ids(jo.send("GET", f"/posts/{post}/comments")) == []
