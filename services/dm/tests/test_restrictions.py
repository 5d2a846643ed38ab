"""Blocks in conversations: both keep the room and its messages, and nobody can write, as with a suspended account."""

from typing import Any

import pytest
from sqlalchemy import Connection, select

from services.dm import models
from services.dm.actions.restrictions import RESTRICTIONS
from services.dm.actions.withdrawals import WITHDRAWAL
from services.dm.app import create_app
from services.dm.settings import Settings
from shared import ids
from shared.database.engine import Database
from shared.events.bus import Bus
from shared.testing import LiveService, Stub, eventually, running_service
from shared.testing.api_client import expect_json, expect_problem

from .api_client import ApiClient
from .factories import purge_to_the_end, registered, rows_of, some_people


def restriction(person: int, other: int, version: int, *, blocking: bool) -> dict[str, Any]:
    """What social says of two users."""
    who = {"user_id": ids.encode(person), "other_id": ids.encode(other)}
    return {**who, "blocking": blocking, "muting": False, "version": version}


def block(dm: LiveService, one: ApiClient, other: ApiClient, version: int = 1, *, blocking: bool = True) -> None:
    assert dm.deliver("user.restricted.v1", restriction(one.number, other.number, version, blocking=blocking))


def without_request(problem: dict[str, Any]) -> dict[str, Any]:
    return problem | {"instance": None, "request_id": None}


def test_blocked_user_gets_the_responses_for_a_suspended_peer(
    dm: LiveService, jo: ApiClient, max_: ApiClient, database: Database
) -> None:
    room = jo.room_with(max_)
    first = expect_json(jo.say(room, "hello"))
    shown = expect_json(max_.send("GET", f"/rooms/{room}"), 200)

    def refusals() -> list[dict[str, Any]]:
        assert expect_json(max_.send("GET", f"/rooms/{room}"), 200) == shown | {"closed": True}
        assert expect_json(max_.send("GET", "/rooms"), 200)["items"] == [shown | {"closed": True}]
        assert len(expect_json(max_.send("GET", f"/rooms/{room}/messages"), 200)["items"]) == 1
        return [
            expect_problem(max_.say(room, "why?"), 409, "peer_suspended"),
            expect_problem(max_.upload(room), 409, "peer_suspended"),
            expect_problem(max_.send("POST", "/rooms", json={"user_id": jo.id}), 404, "not_found"),
        ]

    assert dm.deliver("user.updated.v1", registered(jo.number, 2, nickname="nick0", name="Name 0", suspended=True))
    suspended = refusals()
    assert dm.deliver("user.updated.v1", registered(jo.number, 3, nickname="nick0", name="Name 0"))
    block(dm, jo, max_)
    assert [without_request(each) for each in refusals()] == [without_request(each) for each in suspended]
    expect_json(max_.read(room, first["id"]), 200)
    block(dm, jo, max_, 2, blocking=False)
    expect_json(max_.say(room, "thank you"))
    assert expect_json(jo.send("GET", f"/rooms/{room}"), 200)["closed"] is False


def test_blocking_user_gets_a_conflict(dm: LiveService, jo: ApiClient, max_: ApiClient) -> None:
    room = jo.room_with(max_)
    block(dm, jo, max_)
    expect_problem(jo.say(room, "last word"), 409, "user_blocked")
    expect_problem(jo.upload(room), 409, "user_blocked")
    expect_problem(jo.send("POST", "/rooms", json={"user_id": max_.id}), 409, "user_blocked")
    assert expect_json(jo.send("GET", f"/rooms/{room}"), 200)["closed"] is True
    block(dm, max_, jo)
    expect_problem(jo.say(room, "last word"), 409, "peer_suspended")


def test_no_new_room_between_the_two(dm: LiveService, jo: ApiClient, max_: ApiClient) -> None:
    block(dm, jo, max_)
    expect_problem(max_.send("POST", "/rooms", json={"user_id": jo.id}), 404, "not_found")
    expect_problem(jo.send("POST", "/rooms", json={"user_id": max_.id}), 409, "user_blocked")


def test_post_that_its_author_hides_cannot_be_shared(jo: ApiClient, room: str, other_services: Stub) -> None:
    post = ids.new()
    body = {"type": "post", "post_id": ids.encode(post)}
    expect_problem(jo.send("POST", f"/rooms/{room}/messages", json=body), 422, "unknown_post")
    (asked,) = [each.url for each in other_services.asked if each.url.path.startswith("/internal/posts/")]
    assert asked.params["viewer"] == jo.id


@pytest.mark.parametrize("withdraws", ["whoever blocks", "whoever is blocked"])
def test_withdrawal_removes_blocks(database: Database, withdraws: str) -> None:
    jo, max_, eve = some_people(database, 3)
    for version, other in enumerate((max_, eve), start=1):
        database.write(RESTRICTIONS.store, restriction(jo, other, version, blocking=True))
    gone = jo if withdraws == "whoever blocks" else max_
    database.write(WITHDRAWAL.request, gone)
    purge_to_the_end(database, 1)
    database.write(RESTRICTIONS.store, restriction(jo, max_, 3, blocking=True))
    left = [(row.person_id, row.other_id) for row in rows_of(database, models.restrictions)]
    assert left == ([] if gone == jo else [(jo, eve)])


def test_missed_event_is_found_by_the_reconciliation_at_start(
    settings: Settings, database: Database, other_services: Stub, bus: Bus
) -> None:
    jo, max_, eve = some_people(database, 3)
    database.write(RESTRICTIONS.store, restriction(jo, eve, 1, blocking=True))
    other_services.answers["/internal/restrictions"] = {
        "items": [restriction(jo, max_, 3, blocking=True)],
        "next": None,
    }
    ended = f"/internal/restrictions/{ids.encode(jo)}/{ids.encode(eve)}"
    other_services.answers[ended] = restriction(jo, eve, 3, blocking=False)
    with running_service(create_app(settings, bus, other_services.transport)):
        eventually(
            lambda: (
                {(row.other_id, row.blocking) for row in rows_of(database, models.restrictions)}
                == {(max_, True), (eve, False)}
            )
        )


@pytest.mark.containers
@pytest.mark.parametrize("backend", ["cluster"], indirect=True)
def test_no_account_is_deleted_while_a_block_of_it_is_stored(database: Database) -> None:
    """The purge would begin without the block. SQLite has one writer at a time."""
    jo, max_ = some_people(database, 2)

    def unlocked() -> list[int]:
        these = select(models.people.c.id).with_for_update(skip_locked=True)
        return database.write(lambda tx: list(tx.execute(these).scalars()))

    def restrict(tx: Connection) -> None:
        RESTRICTIONS.store(tx, restriction(jo, max_, 1, blocking=True))
        assert unlocked() == []

    database.write(restrict)
    assert sorted(unlocked()) == sorted((jo, max_))
