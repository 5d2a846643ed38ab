"""Events that social consumes: every contract example, repeatedly, in any order."""

import random
from typing import Any

import pytest
from pydantic import ValidationError
from sqlalchemy import select

from services.social import models
from services.social.subscriptions import HANDLERS
from shared import clock, ids
from shared.database.engine import Database
from shared.events.envelope import Event
from shared.replication.purge import PURGED
from shared.testing import LiveService, eventually, examples_of

from .factories import all_follow, counted, deleted, edges, facts, person, purge_states, registered, some_people

Told = list[tuple[str, dict[str, Any]]]


@pytest.mark.parametrize("name", sorted(HANDLERS))
def test_every_contract_example_is_handled(social: LiveService, database: Database, name: str) -> None:
    for example in examples_of(name):
        assert social.deliver(name, example)
    assert person(database, ids.parse(example["user_id"])).nickname == example.get("nickname")


def test_unknown_event_fields_are_ignored(social: LiveService, database: Database) -> None:
    someone = ids.new()
    assert social.deliver("user.registered.v1", registered(someone, pronouns="they"))
    assert person(database, someone).nickname == "ada"


def state(database: Database, person_id: int) -> tuple[Any, ...]:
    """Everything that events about a user may change, without times."""
    return *person(database, person_id), purge_states(database).get(person_id), edges(database)


def deliver(social: LiveService, told: Told, event_ids: list[int], order: list[int]) -> None:
    for place in order:
        name, data = told[place]
        assert social.deliver(name, data, event_id=event_ids[place])


@pytest.mark.parametrize("ends", ["stays", "withdraws"])
def test_repeated_and_reordered_events_give_the_same_state(social: LiveService, database: Database, ends: str) -> None:
    in_order, *shuffled = [ids.new() for _ in range(6)]
    for seed, someone in enumerate((in_order, *shuffled)):
        order = [0, 1, 2] if someone == in_order else random.Random(seed).sample([0, 1, 2] * 3, 9)
        last = ("user.updated.v1", registered(someone, 3, name="Third", avatar_url="/api/v1/avatars/3.jpg"))
        told: Told = [
            ("user.registered.v1", registered(someone)),
            ("user.updated.v1", registered(someone, 2, nickname="second")),
            last if ends == "stays" else ("user.deleted.v1", deleted(someone)),
        ]
        deliver(social, told, [ids.new() for _ in told], order)
    if ends == "withdraws":
        eventually(lambda: set(purge_states(database).values()) == {PURGED})
    assert person(database, in_order).deleted == (ends == "withdraws")
    for someone in shuffled:
        assert state(database, someone)[1:] == state(database, in_order)[1:]
    assert len([name for name, _ in facts(database)]) == len(purge_states(database))


def test_redelivered_event_changes_nothing(social: LiveService, database: Database) -> None:
    star, gone = some_people(database, 2)
    all_follow(database, [gone], star)
    event_id = ids.new()
    assert social.deliver("user.deleted.v1", deleted(gone), event_id=event_id)
    eventually(lambda: purge_states(database) == {gone: PURGED})
    before = facts(database)
    for _ in range(2):
        assert social.deliver("user.deleted.v1", deleted(gone), event_id=event_id)
    assert facts(database) == before and counted(database, star) == (0, 0)
    inbox = select(models.inbox.c.event_id)
    assert database.read(lambda connection: connection.execute(inbox).scalars().all()) == [event_id]


def test_repeated_deletion_event_only_repeats_the_report(social: LiveService, database: Database) -> None:
    (gone,) = some_people(database, 1)
    assert social.deliver("user.deleted.v1", deleted(gone))
    eventually(lambda: purge_states(database) == {gone: PURGED})
    before = state(database, gone)
    assert social.deliver("user.deleted.v1", deleted(gone))
    purged = ("user.purged.v1", {"user_id": ids.encode(gone), "service": "social"})
    assert facts(database) == [purged, purged]
    assert state(database, gone) == before


def test_invalid_event_changes_nothing(database: Database) -> None:
    for name, data in (("user.deleted.v1", {"user_id": "nobody"}), ("user.updated.v1", {"nickname": "ada"})):
        type_, version = name.rsplit(".v")
        with pytest.raises(ValidationError):
            database.write(HANDLERS[name], Event(ids.new(), type_, int(version), clock.now(), None, data))
    assert purge_states(database) == {}
