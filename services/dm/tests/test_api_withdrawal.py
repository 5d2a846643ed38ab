"""D5 over HTTP: one member deletes the account, and the other keeps every message unchanged."""

from collections.abc import Callable
from typing import Any

import httpx
import orjson
import pytest

from services.dm import models
from shared import clock, ids
from shared.database.engine import Database
from shared.replication.purge import PURGED
from shared.testing import FakeTokenIssuer, LiveService, Stub, eventually
from shared.testing.api_client import Json, expect_json, expect_problem

from .api_client import ApiClient
from .factories import NOTHING, deleted, facts, purge_states, registered, rows_of, some_people

GONE: Json = {"nickname": None, "name": None, "avatar_url": None, "deleted": True}


@pytest.fixture
def jo(dm: LiveService, token_issuer: FakeTokenIssuer, database: Database) -> ApiClient:
    """The user who withdraws."""
    return ApiClient(dm, token_issuer, *some_people(database, 1))


@pytest.fixture
def max_(dm: LiveService, token_issuer: FakeTokenIssuer, database: Database) -> ApiClient:
    """The other user."""
    return ApiClient(dm, token_issuer, *some_people(database, 1))


@pytest.fixture
def room(jo: ApiClient, max_: ApiClient, other_services: Stub) -> str:
    """A conversation with every kind of message, half of it read by Max."""
    room = jo.room_with(max_)
    post = ids.encode(ids.new())
    other_services.answers[f"/internal/posts/{post}"] = {"post_id": post, "author_id": jo.id}
    first = expect_json(jo.say(room, "Remember this  \n 🌊 "))
    expect_json(max_.say(room, "I shall", reply_to=first["id"]))
    photo = expect_json(jo.show(room))
    expect_json(max_.show(room, reply_to=photo["id"]))
    expect_json(max_.read(room, photo["id"]), 200)
    expect_json(jo.share(room, post))
    return room


@pytest.fixture
def withdraw(jo: ApiClient, database: Database) -> Callable[[], None]:
    """Delete Jo's account and complete the purge."""

    def go() -> None:
        assert jo.service.deliver("user.deleted.v1", deleted(jo.number))
        eventually(lambda: purge_states(database) == {jo.number: PURGED})

    return go


def of_jo(value: Any, jo: ApiClient) -> Any:
    """The same response with Jo marked as deleted, and the room closed."""
    if isinstance(value, dict):
        changed = {name: name == "closed" or of_jo(inner, jo) for name, inner in value.items()}
        return changed | GONE if changed.get("id") == jo.id else changed
    return [of_jo(inner, jo) for inner in value] if isinstance(value, list) else value


def test_d5_room_and_messages_stay_unchanged_for_the_other_member(
    jo: ApiClient, max_: ApiClient, room: str, withdraw: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = [f"/rooms/{room}/messages", f"/rooms/{room}/messages?limit=2", f"/rooms/{room}", "/rooms"]
    moment = clock.now()
    with monkeypatch.context() as frozen:  # so that the links are the same too
        frozen.setattr(clock, "now", lambda: moment)
        before = [max_.send("GET", path).content for path in paths]
    withdraw()
    monkeypatch.setattr(clock, "now", lambda: moment)
    after = [max_.send("GET", path).content for path in paths]
    assert after == [orjson.dumps(of_jo(orjson.loads(content), jo)) for content in before]
    assert orjson.loads(after[2])["peer"] == {"id": jo.id} | GONE
    mine = [message for message in max_.messages(room) if message["sender"]["id"] == max_.id]
    assert mine == [message for message in orjson.loads(before[0])["items"] if message["sender"]["id"] == max_.id]


def test_d5_photos_of_the_conversation_stay(
    dm: LiveService, max_: ApiClient, room: str, withdraw: Callable[[], None]
) -> None:
    def photos() -> list[bytes]:
        images = [message["image"] for message in max_.messages(room) if message["image"]]
        return [served(dm, image[url]) for image in images for url in ("url", "thumbnail_url")]

    before = photos()
    assert len(before) == 4
    withdraw()
    assert photos() == before


def served(dm: LiveService, url: str) -> bytes:
    response = dm.client.get(url)
    assert response.status_code == 200, response.text
    return response.content


def test_d5_messages_to_a_withdrawn_user_are_refused_and_old_ones_readable(
    jo: ApiClient, max_: ApiClient, room: str, withdraw: Callable[[], None]
) -> None:
    before = max_.messages(room)
    withdraw()
    expect_problem(max_.say(room, "are you there?"), 409, "peer_withdrawn")
    expect_problem(max_.upload(room), 409, "peer_withdrawn")
    expect_problem(max_.open_room(jo), 404, "not_found")
    assert expect_json(max_.read(room, before[0]["id"]), 200)["unread_count"] == 0
    assert len(max_.messages(room)) == len(before)


def test_token_of_a_withdrawn_user_changes_nothing(
    jo: ApiClient, max_: ApiClient, room: str, withdraw: Callable[[], None], database: Database
) -> None:
    third = ApiClient(jo.service, jo.token_issuer, *some_people(database, 1))
    withdraw()
    tables = [models.rooms, models.members, models.messages, models.media, models.disposal, models.idempotency_keys]
    before = [rows_of(database, table) for table in tables]
    attempts: list[httpx.Response] = [
        jo.say(room, "still here"),
        jo.message(room, "key", type="text", text="still here"),
        jo.share(room, NOTHING),
        jo.upload(room),
        jo.open_room(max_),
        jo.open_room(third),
        jo.read(room, max_.messages(room)[0]["id"]),
    ]
    for response in attempts:
        expect_problem(response, 401, "invalid_token")
    assert [rows_of(database, table) for table in tables] == before


def test_changed_name_is_shown_everywhere(jo: ApiClient, max_: ApiClient, room: str) -> None:
    changes = registered(jo.number, 2, nickname="joanna", avatar_url="/api/v1/avatars/5f.jpg")
    assert jo.service.deliver("user.updated.v1", changes)
    assert max_.room(room)["peer"]["nickname"] == "joanna"
    senders = [message["sender"] for message in max_.messages(room) if message["sender"]["id"] == jo.id]
    assert {sender["avatar_url"] for sender in senders} == {"/api/v1/avatars/5f.jpg"}


def test_purge_is_reported_when_only_shared_data_is_left(
    jo: ApiClient, room: str, withdraw: Callable[[], None], database: Database
) -> None:
    expect_json(jo.upload(room))
    expect_json(jo.message(room, "key", type="text", text="kept under a key"))
    withdraw()
    assert facts(database) == [("user.purged.v1", {"user_id": jo.id, "service": "dm"})]
    assert [row.sent for row in rows_of(database, models.media)] == [True, True]
    assert rows_of(database, models.idempotency_keys) == []
