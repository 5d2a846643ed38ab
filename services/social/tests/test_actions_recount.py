"""Counts are corrected where they are wrong, and edges are published again after a restore."""

from sqlalchemy import update

from services.social import models
from services.social.actions import recount, restore
from services.social.actions.follows import follow
from services.social.actions.people import PEOPLE
from services.social.actions.suspensions import SUSPENSION
from shared import ids
from shared.database.engine import Database

from .factories import all_follow, facts, person, registered, some_people, wrong_counts


def test_only_wrong_counts_are_corrected(database: Database) -> None:
    ada, bob, cleo = some_people(database, 3)
    all_follow(database, [bob, cleo], ada)
    broken = update(models.people).where(models.people.c.id == ada).values(followers_count=7)
    database.write(lambda tx: tx.execute(broken))
    assert database.write(recount.recount_some, 0) == (None, [ada])
    assert wrong_counts(database) == []
    assert database.write(recount.recount_some, 0) == (None, [])


def test_after_a_restore_each_edge_is_published_as_newer_than_any_before(database: Database) -> None:
    ada, bob, cleo = some_people(database, 3)
    database.write(follow, bob, ada)
    database.write(follow, bob, cleo)
    before = facts(database)
    assert restore.announce_all_follows(database) == 1
    again = [data for name, data in facts(database)[len(before) :] if name == "user.followed.v1"]
    assert {each["followee_id"] for each in again} == {ids.encode(ada), ids.encode(cleo)}
    assert {each["version"] for each in again} == {2 + restore.VERSION_STEP}
    assert person(database, bob).following_version == 2 + restore.VERSION_STEP


def test_after_a_restore_edges_to_suspended_accounts_are_published_too(database: Database) -> None:
    ada, bob = some_people(database, 2)
    database.write(follow, bob, ada)
    database.write(PEOPLE.store, registered(ada, 2, suspended=True))
    while database.write(SUSPENSION.step):
        pass
    assert person(database, bob).following_count == 0
    assert restore.announce_all_follows(database) == 1
