"""Events that posts consumes: every contract example, repeatedly, in any order."""

import random
from typing import Any

import pytest
from pydantic import ValidationError

from services.posts import models
from services.posts.queries.feed import feed
from services.posts.subscriptions import HANDLERS
from shared import clock, ids
from shared.database.engine import Database
from shared.events.envelope import Event
from shared.replication.purge import PURGED
from shared.testing import LiveService, eventually, examples_of

from .factories import all_like, commented, counts, facts, listed, published, purge_states, rows_of, some_people

Told = list[tuple[str, dict[str, Any]]]


def registered(person: int, version: int = 1, **changes: Any) -> dict[str, Any]:
    """The data of `user.registered.v1` and `user.updated.v1`."""
    said = {"user_id": ids.encode(person), "nickname": "ada", "name": "Ada", "avatar_url": None}
    return {**said, "version": version, **changes}


def deleted(person: int) -> dict[str, Any]:
    """The data of `user.deleted.v1`."""
    return {"user_id": ids.encode(person), "deleted_at": clock.format_rfc3339(clock.now())}


def edge(follower: int, followee: int, version: int) -> dict[str, Any]:
    """The data of `user.followed.v1` and `user.unfollowed.v1`."""
    return {"follower_id": ids.encode(follower), "followee_id": ids.encode(followee), "version": version}


@pytest.mark.parametrize("name", sorted(HANDLERS))
def test_every_contract_example_is_handled(service: LiveService, database: Database, name: str) -> None:
    for example in examples_of(name):
        assert service.deliver(name, example)
    if "blocking" in example:
        (pair,) = rows_of(database, models.restrictions)
        assert (pair.blocking, pair.muting, pair.version) == (
            example["blocking"],
            example["muting"],
            example["version"],
        )
    elif name == "content.removed.v1":
        return  # it is of something unknown; test_moderation.py
    elif "user_id" in example:
        (person,) = rows_of(database, models.people)
        assert (person.id, person.nickname) == (ids.parse(example["user_id"]), example.get("nickname"))
    else:
        (follow,) = rows_of(database, models.follows)
        assert follow.following == (name == "user.followed.v1") and follow.version == example["version"]


def test_unknown_event_fields_are_ignored(service: LiveService, database: Database) -> None:
    assert service.deliver("user.registered.v1", registered(ids.new(), pronouns="they"))
    assert service.deliver("user.followed.v1", edge(ids.new(), ids.new(), 1) | {"close": True})
    assert len(rows_of(database, models.people)) == len(rows_of(database, models.follows)) == 1


@pytest.mark.parametrize("ends", ["stays", "withdraws"])
@pytest.mark.parametrize("seed", range(2))
def test_repeated_and_reordered_events_give_the_same_state(
    service: LiveService, database: Database, ends: str, seed: int
) -> None:
    jo, star = ids.new(), ids.new()
    last = ("user.updated.v1", registered(jo, 3, name="Third"))
    told: Told = [
        ("user.registered.v1", registered(jo)),
        ("user.updated.v1", registered(jo, 2, nickname="second")),
        last if ends == "stays" else ("user.deleted.v1", deleted(jo)),
        ("user.followed.v1", edge(jo, star, 1)),
        ("user.unfollowed.v1", edge(jo, star, 2)),
        ("user.followed.v1", edge(jo, star, 3)),
    ]
    event_ids = [ids.new() for _ in told]
    for place in random.Random(seed).sample([*range(len(told))] * 3, 3 * len(told)):
        assert service.deliver(*told[place], event_id=event_ids[place])
    if ends == "withdraws":
        eventually(lambda: purge_states(database) == {jo: PURGED})
        eventually(lambda: rows_of(database, models.follows) == [])
    else:
        assert [tuple(row) for row in rows_of(database, models.follows)] == [(jo, star, 3, True, None)]
    names = (None, None, 3) if ends == "stays" else (None, None, 0)
    (person,) = rows_of(database, models.people)
    assert person.deleted == (ends == "withdraws")
    assert (person.name, person.nickname) == (("Third", "ada") if ends == "stays" else names[:2])
    assert len(facts(database)) == (ends == "withdraws")


def test_withdrawal_removes_everything_and_is_reported(service: LiveService, database: Database) -> None:
    jo, friend = some_people(database, 2)
    theirs, kept = published(database, jo), published(database, friend)
    all_like(database, [jo, friend], kept)
    all_like(database, [friend], theirs)
    first = commented(database, jo, kept)
    commented(database, friend, kept, "kept words", first)
    commented(database, friend, theirs)
    assert service.deliver("user.followed.v1", edge(friend, jo, 1))
    assert listed(database, feed, friend) == [kept, theirs]
    assert service.deliver("user.deleted.v1", deleted(jo))
    assert listed(database, feed, friend) == [kept]
    eventually(lambda: purge_states(database) == {jo: PURGED})
    assert counts(database, kept) == (1, 1)
    assert facts(database) == [("user.purged.v1", {"user_id": ids.encode(jo), "service": "posts"})]


def test_repeated_deletion_event_only_repeats_the_report(service: LiveService, database: Database) -> None:
    (gone,) = some_people(database, 1)
    event_id = ids.new()
    for _ in range(3):
        assert service.deliver("user.deleted.v1", deleted(gone), event_id=event_id)
    eventually(lambda: purge_states(database) == {gone: PURGED})
    before = rows_of(database, models.purges)
    assert service.deliver("user.deleted.v1", deleted(gone))
    purged = ("user.purged.v1", {"user_id": ids.encode(gone), "service": "posts"})
    assert facts(database) == [purged, purged]
    assert rows_of(database, models.purges) == before


def test_invalid_event_changes_nothing(database: Database) -> None:
    wrong = (
        ("user.deleted.v1", {"user_id": "nobody"}),
        ("user.updated.v1", {"nickname": "ada"}),
        ("user.followed.v1", {"follower_id": ids.encode(1), "version": 1}),
    )
    for name, data in wrong:
        type_, version = name.rsplit(".v")
        with pytest.raises(ValidationError):
            database.write(HANDLERS[name], Event(ids.new(), type_, int(version), clock.now(), None, data))
    assert rows_of(database, models.people) == rows_of(database, models.follows) == []
