"""A purge completes with correct counts after any interruption."""

import pytest
from sqlalchemy import Connection, insert, update

from services.social import models
from services.social.actions.follows import follow
from services.social.actions.withdrawals import WITHDRAWAL
from services.social.app import create_app
from services.social.settings import Settings
from shared import clock, ids
from shared.database.engine import Database
from shared.events.bus import Bus
from shared.replication.purge import DONE, PURGED
from shared.testing import Stub, eventually, running_service
from shared.testing.backends import Backend
from shared.testing.small_chunks import with_chunk_size

from .conftest import MIGRATIONS
from .factories import (
    LAST_SWEEP_AFTER,
    all_follow,
    counted,
    edges,
    facts,
    person,
    purge_states,
    purge_to_the_end,
    some_people,
    wrong_counts,
)

CHUNK_ROWS = 3


def with_edges_everywhere(database: Database) -> tuple[int, set[tuple[int, int]]]:
    """A user who withdraws, and follows between other users."""
    gone, *others = some_people(database, 9)
    all_follow(database, others, gone)
    for other in others[:-1]:
        database.write(follow, gone, other)
    all_follow(database, others[1:], others[0])
    database.write(WITHDRAWAL.request, gone)
    return gone, {pair for pair in edges(database) if gone not in pair}


def assert_complete(database: Database, gone: int, others: set[tuple[int, int]]) -> None:
    assert edges(database) == others
    assert wrong_counts(database) == [] and counted(database, gone) == (0, 0)
    assert purge_states(database) == {gone: PURGED}
    purged = [data for name, data in facts(database) if name == "user.purged.v1"]
    assert purged == [{"user_id": ids.encode(gone), "service": "social"}]


def test_purge_removes_both_directions_and_updates_counts(database: Database) -> None:
    gone, others = with_edges_everywhere(database)
    purge_to_the_end(database, CHUNK_ROWS)
    assert_complete(database, gone, others)


@pytest.mark.parametrize("steps", range(8))
def test_interrupted_purge_continues_in_a_new_process(backend: Backend, steps: int) -> None:
    url = backend.database(MIGRATIONS)
    before = Database(url)
    gone, others = with_edges_everywhere(before)
    for _ in range(steps):
        before.write(with_chunk_size(CHUNK_ROWS, WITHDRAWAL).step, LAST_SWEEP_AFTER)
        assert wrong_counts(before) == []
    before.close()
    after = Database(url)
    purge_to_the_end(after, CHUNK_ROWS)
    assert_complete(after, gone, others)
    after.close()


def test_restarted_service_finishes_its_purge(settings: Settings, database: Database, auth: Stub, bus: Bus) -> None:
    gone, others = with_edges_everywhere(database)
    database.write(with_chunk_size(CHUNK_ROWS, WITHDRAWAL).step, LAST_SWEEP_AFTER)
    with running_service(create_app(settings, bus, auth.transport)):
        eventually(lambda: purge_states(database) == {gone: PURGED})
    assert_complete(database, gone, others)


def test_users_who_follow_each_other_can_withdraw_concurrently(database: Database) -> None:
    one, other, friend = some_people(database, 3)
    for follower, followee in ((one, other), (other, one), (friend, one), (friend, other)):
        database.write(follow, follower, followee)
    for gone in (one, other):
        database.write(WITHDRAWAL.request, gone)
    purge_to_the_end(database, 1)
    assert edges(database) == set() and wrong_counts(database) == []
    assert purge_states(database) == {one: PURGED, other: PURGED}


def test_no_personal_data_is_left(database: Database) -> None:
    (gone,) = some_people(database, 1)
    database.write(WITHDRAWAL.request, gone)
    row = person(database, gone)
    assert (row.nickname, row.name, row.avatar_url, row.deleted) == (None, None, None, True)


def slip_in(tx: Connection, follower: int, followee: int) -> None:
    """Insert a follow as a concurrent write would that did not see the tombstone."""
    edge = {"id": ids.new(), "follower_id": follower, "followee_id": followee, "created_at": clock.now()}
    tx.execute(insert(models.follows).values(**edge))
    people = models.people
    tx.execute(update(people).where(people.c.id == follower).values(following_count=people.c.following_count + 1))
    tx.execute(update(people).where(people.c.id == followee).values(followers_count=people.c.followers_count + 1))


def test_final_sweep_removes_late_rows_and_ends_the_purge(database: Database) -> None:
    gone, other = some_people(database, 2)
    database.write(WITHDRAWAL.request, gone)
    assert database.write(WITHDRAWAL.step, 0)
    assert purge_states(database) == {gone: PURGED} and len(facts(database)) == 1
    database.write(slip_in, gone, other)
    assert database.write(WITHDRAWAL.step, 0) and edges(database) == set() and wrong_counts(database) == []
    assert purge_states(database) == {gone: DONE}
    assert not database.write(WITHDRAWAL.step, 0)
    assert len(facts(database)) == 1
