"""Suspended accounts are hidden in every list and cannot be followed; reinstated ones are as before."""

from typing import Any

import pytest

from services.social import queries
from services.social.actions.follows import follow, unfollow
from services.social.actions.people import PEOPLE
from services.social.actions.restrictions import block, mute
from services.social.app import create_app
from services.social.settings import Settings
from shared import ids
from shared.database.engine import Database
from shared.errors import NotFound, Unauthenticated
from shared.events.bus import Bus
from shared.pagination import PageRequest
from shared.testing import LiveService, Stub, eventually, running_service

from .factories import FIRST, all_follow, counted, deleted, edges, person, purge_to_the_end, registered, some_people


def suspend(database: Database, person_id: int, version: int = 2, *, suspended: bool = True) -> None:
    database.write(PEOPLE.store, registered(person_id, version, suspended=suspended))


def listed(database: Database, query: Any, person_id: int) -> list[int]:
    return [ids.parse(each["id"]) for each in database.read(query, person_id, None, FIRST).items]


def test_suspended_account_is_hidden_and_then_as_before(database: Database) -> None:
    ada, bob, eve = some_people(database, 3)
    all_follow(database, [bob, eve], ada)
    all_follow(database, [ada, eve], bob)
    before = edges(database)
    suspend(database, ada)
    for query in (queries.followers, queries.following):
        with pytest.raises(NotFound):
            database.read(query, ada, None, FIRST)
    with pytest.raises(NotFound):
        database.read(queries.counts, ada, None)
    assert listed(database, queries.followers, bob) == [eve] and listed(database, queries.following, bob) == []
    told = database.read(queries.relations, bob, [ada, eve])
    assert [(each["following"], each["followed_by"]) for each in told] == [(False, False), (False, True)]
    for change in (follow, unfollow):
        with pytest.raises(NotFound):
            database.write(change, bob, ada)
        with pytest.raises(Unauthenticated):
            database.write(change, ada, bob)
    with pytest.raises(Unauthenticated):
        database.read(queries.relations, ada, [bob])
    assert edges(database) == before
    suspend(database, ada, 3, suspended=False)
    assert listed(database, queries.followers, ada) == [eve, bob] and listed(database, queries.following, ada) == [bob]
    assert listed(database, queries.followers, bob) == [eve, ada] and listed(database, queries.following, bob) == [ada]
    assert edges(database) == before


def test_pages_of_a_list_with_suspended_accounts_are_full(database: Database) -> None:
    star, *fans = some_people(database, 7)
    all_follow(database, fans, star)
    for each in fans[::2]:
        suspend(database, each)
    page = database.read(queries.followers, star, None, PageRequest(2, None))
    assert [ids.parse(each["id"]) for each in page.items] == [fans[5], fans[3]] and page.next is not None


def test_export_of_a_suspended_account_is_complete(database: Database) -> None:
    ada, bob, eve = some_people(database, 3)
    all_follow(database, [bob], ada)
    for change in (block, mute):
        database.write(change, ada, eve)
    suspend(database, ada)
    exported = {
        each: [ids.parse(item["id"]) for item in database.read(each, ada, FIRST).items]
        for each in (queries.own_followers, queries.own_blocks, queries.own_mutes)
    }
    assert list(exported.values()) == [[bob], [eve], [eve]]


def test_events_may_arrive_in_any_order_and_repeatedly(social: LiveService, database: Database) -> None:
    (ada,) = some_people(database, 1)
    for version, suspended in ((3, False), (2, True), (3, False), (5, False), (4, True)):
        assert social.deliver("user.updated.v1", registered(ada, version, suspended=suspended))
    assert not person(database, ada).hidden
    assert social.deliver("user.updated.v1", registered(ada, 6, suspended=True))
    assert social.deliver("user.updated.v1", registered(ada, 5))
    assert person(database, ada).hidden


def test_suspended_account_that_is_deleted_is_purged(social: LiveService, database: Database) -> None:
    ada, bob = some_people(database, 2)
    all_follow(database, [bob], ada)
    all_follow(database, [ada], bob)
    suspend(database, ada)
    assert social.deliver("user.deleted.v1", deleted(ada))
    purge_to_the_end(database)
    eventually(lambda: edges(database) == set())
    assert (person(database, bob).followers_count, person(database, bob).following_count) == (0, 0)


def test_missed_event_is_found_by_the_reconciliation_at_start(
    settings: Settings, database: Database, auth: Stub, bus: Bus
) -> None:
    ada, bob = some_people(database, 2)
    suspend(database, bob)
    auth.answers["/internal/suspensions"] = {"items": [{"user_id": ids.encode(ada)}]}
    for each, suspended in ((ada, True), (bob, False)):
        auth.answers[f"/internal/people/{ids.encode(each)}"] = registered(each, 3, suspended=suspended, deleted=False)
    with running_service(create_app(settings, bus, auth.transport)):
        eventually(lambda: person(database, ada).hidden and not person(database, bob).hidden)


def test_worker_leaves_a_suspended_account_out_of_the_counts_of_others(social: LiveService, database: Database) -> None:
    ada, bob = some_people(database, 2)
    all_follow(database, [bob], ada)
    all_follow(database, [ada], bob)
    assert social.deliver("user.updated.v1", registered(ada, 2, suspended=True))
    eventually(lambda: counted(database, bob) == (0, 0))
    assert social.deliver("user.updated.v1", registered(ada, 3, suspended=False))
    eventually(lambda: counted(database, bob) == (1, 1))
