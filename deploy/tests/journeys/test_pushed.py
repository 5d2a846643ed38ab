"""Socket events match the AsyncAPI document."""

import copy
import json
from collections.abc import Iterator, Mapping
from typing import Any

import httpx
import pytest
from jsonschema import Draft202012Validator

from .person import Person
from .responses import answer
from .websocket import address, ear_of


@pytest.fixture(scope="module")
def described(web: httpx.Client) -> Mapping[str, Any]:
    response = web.get("/asyncapi.json")
    assert response.headers["content-type"] == "application/json"
    document: Mapping[str, Any] = answer(response)
    return document


def objects(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        for each in value.values():
            yield from objects(each)


def validators(document: Mapping[str, Any]) -> dict[str, Draft202012Validator]:
    """Of each event that the server sends, by its name; undescribed fields are errors, though clients ignore them."""
    strict = copy.deepcopy(dict(document))
    for each in objects(strict["components"]["schemas"]):
        if each.get("type") == "object":
            each["additionalProperties"] = False
    checker = Draft202012Validator.FORMAT_CHECKER
    sent = [each["$ref"].rpartition("/")[2] for each in strict["operations"]["hear"]["messages"]]
    messages = [strict["components"]["messages"][name] for name in sent]
    return {
        message["name"]: Draft202012Validator({**message["payload"], **strict}, format_checker=checker)
        for message in messages
    }


def test_D_every_socket_event_matches_its_description(web: httpx.Client, described: Mapping[str, Any]) -> None:
    ada, bob = Person.newcomer(web), Person.newcomer(web)
    room = ada.room_with(bob)
    with ear_of(bob) as ear, ear_of(ada) as hers:
        first = answer(ada.say(room, "Would you paint the Engine?"), 201)
        answer(ada.say(room, "With a cloud?", reply_to=first["id"]), 201)
        answer(ada.show(room), 201)
        answer(ada.share(room, ada.posted()["id"]), 201)
        answer(bob.read(room, first["id"]))
        answer(bob.send("PUT", f"/rooms/{room}/mute"))
        post = bob.posted()["id"]
        for liker in (ada, Person.newcomer(web)):
            answer(liker.send("PUT", f"/posts/{post}/like"))
        hers.connection.send(json.dumps({"event": "typing", "data": {"room_id": room}}))
        heard = [ear.next_of_all() for _ in range(9)]
    checks = validators(described)
    for event in heard:
        checks[event["event"]].validate(event)
    checks.pop("message.updated")  # needs a moderator: `test_suspension.py`
    assert {event["event"] for event in heard} == set(checks), "each is described, and each was heard"
    assert {event["data"].get("type") for event in heard} == {"text", "image", "post", None}


def test_description_contains_the_socket_address(described: Mapping[str, Any], other_user: Person) -> None:
    assert address(other_user).endswith(described["channels"]["socket"]["address"])
