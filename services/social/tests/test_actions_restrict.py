"""Blocking and muting: what they end, what they refuse, and consistent versions of events."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from services.social import restriction_queries
from services.social.actions.follows import follow, remove_follower, unfollow
from services.social.actions.people import PEOPLE
from services.social.actions.restore import VERSION_STEP, raise_restriction_versions
from services.social.actions.restrictions import block, mute, unblock, unmute
from services.social.actions.withdrawals import WITHDRAWAL
from shared import ids
from shared.database.engine import Database
from shared.errors import Conflict, Invalid, NotFound, Unauthenticated
from shared.replication.projections import UnknownRecords

from .factories import (
    all_follow,
    counted,
    edges,
    facts,
    purge_to_the_end,
    registered,
    relation_json,
    restrictions,
    some_people,
    wrong_counts,
)

CHANGES = (block, unblock, mute, unmute)
Change = Callable[..., dict[str, Any]]


def restricted(person: int, other: int, version: int, *, blocking: bool = False, muting: bool = False) -> Any:
    """The event of such a change."""
    who = {"user_id": ids.encode(person), "other_id": ids.encode(other)}
    return "user.restricted.v1", {**who, "blocking": blocking, "muting": muting, "version": version}


def test_block_ends_follows_in_both_directions_with_their_counts_and_events(database: Database) -> None:
    jo, max_, friend = some_people(database, 3)
    for one, other in ((jo, max_), (max_, jo), (friend, jo)):
        database.write(follow, one, other)
    assert database.write(block, jo, max_) == relation_json(max_, blocking=True)
    assert edges(database) == {(friend, jo)} and wrong_counts(database) == []
    assert counted(database, max_) == (0, 0)
    unfollowed = {(data["follower_id"], data["version"]) for name, data in facts(database) if "unfollowed" in name}
    assert unfollowed == {(ids.encode(jo), 2), (ids.encode(max_), 2)}
    assert restricted(jo, max_, 1, blocking=True) in facts(database)


def test_each_change_is_idempotent_and_published_once(database: Database) -> None:
    jo, max_ = some_people(database, 2)
    expected = [
        (block, relation_json(max_, blocking=True)),
        (mute, relation_json(max_, blocking=True, muting=True)),
        (unblock, relation_json(max_, muting=True)),
        (unmute, relation_json(max_)),
    ]
    for change, relation in expected:
        assert [database.write(change, jo, max_) for _ in range(2)] == [relation, relation]
    assert restrictions(database) == {}
    assert facts(database) == [
        restricted(jo, max_, 1, blocking=True),
        restricted(jo, max_, 2, blocking=True, muting=True),
        restricted(jo, max_, 3, muting=True),
        restricted(jo, max_, 4),
    ]


def test_end_of_what_never_was_changes_nothing(database: Database) -> None:
    jo, max_ = some_people(database, 2)
    for change in (unblock, unmute):
        assert database.write(change, jo, max_) == relation_json(max_)
    assert facts(database) == [] and restrictions(database) == {}


def test_version_grows_over_all_others_of_a_user(database: Database) -> None:
    jo, max_, eve = some_people(database, 3)
    for change, other in ((block, max_), (mute, eve), (unblock, max_)):
        database.write(change, jo, other)
    database.write(block, max_, jo)
    assert [data["version"] for _, data in facts(database)] == [1, 2, 3, 1]


def test_blocked_user_gets_not_found_and_the_blocking_user_a_conflict(database: Database) -> None:
    jo, max_ = some_people(database, 2)
    database.write(block, jo, max_)
    for change in (follow, unfollow, remove_follower):
        with pytest.raises(NotFound, match="not_found"):
            database.write(change, max_, jo)
    with pytest.raises(Conflict, match="user_blocked"):
        database.write(follow, jo, max_)
    assert database.write(unfollow, jo, max_) == relation_json(max_, blocking=True)
    assert edges(database) == set()
    database.write(unblock, jo, max_)
    assert database.write(follow, max_, jo)["following"]


def test_mute_keeps_the_follow(database: Database) -> None:
    jo, star = some_people(database, 2)
    database.write(follow, jo, star)
    assert database.write(mute, jo, star) == relation_json(star, following=True, muting=True)
    assert edges(database) == {(jo, star)}


def test_block_of_each_other_looks_the_same_as_one_of_a_suspended_account(database: Database) -> None:
    jo, max_, gone = some_people(database, 3)
    database.write(block, jo, max_)
    database.write(PEOPLE.store, registered(gone, 2, suspended=True))
    for other in (jo, gone):
        assert database.write(block, max_, other) == relation_json(other, blocking=True)
        assert database.write(mute, max_, other) == relation_json(other, blocking=True, muting=True)
        with pytest.raises(NotFound):
            database.write(follow, max_, other)
        assert database.write(unblock, max_, other) == relation_json(other, muting=True)


@pytest.mark.parametrize("change", CHANGES)
def test_users_themselves_unknown_and_deleted_accounts_cannot_be_restricted(database: Database, change: Change) -> None:
    jo, gone = some_people(database, 2)
    database.write(WITHDRAWAL.request, gone)
    with pytest.raises(Invalid, match="cannot_restrict_self"):
        database.write(change, jo, jo)
    with pytest.raises(UnknownRecords):
        database.write(change, jo, ids.new())
    with pytest.raises(NotFound):
        database.write(change, jo, gone)
    with pytest.raises(Unauthenticated):
        database.write(change, gone, jo)
    database.write(PEOPLE.store, registered(jo, 2, suspended=True))
    (max_,) = some_people(database, 1)
    with pytest.raises(Unauthenticated):
        database.write(change, jo, max_)


def test_removed_follower_follows_no_longer_and_may_again(database: Database) -> None:
    jo, fan, friend = some_people(database, 3)
    all_follow(database, [fan, friend], jo)
    database.write(follow, jo, fan)
    for _ in range(2):
        database.write(remove_follower, jo, fan)
    assert edges(database) == {(friend, jo), (jo, fan)} and wrong_counts(database) == []
    unfollowed = [data for name, data in facts(database) if name == "user.unfollowed.v1"]
    assert unfollowed == [{"follower_id": ids.encode(fan), "followee_id": ids.encode(jo), "version": 2}]
    assert database.write(follow, fan, jo)["following"]
    with pytest.raises(Invalid, match="cannot_follow_self"):
        database.write(remove_follower, jo, jo)


def test_no_follow_outlives_a_concurrent_block(database: Database) -> None:
    jo, *fans = some_people(database, 9)

    def follow_or_not(fan: int) -> None:
        for change, *pair in ((follow, fan, jo), (follow, jo, fan)):
            try:
                database.write(change, *pair)
            except (NotFound, Conflict):
                continue

    with ThreadPoolExecutor(8) as pool:
        done = [
            pool.submit(work, each)
            for each in fans
            for work in (follow_or_not, lambda fan: database.write(block, jo, fan))
        ]
        for each in done:
            each.result()
    assert edges(database) == set() and wrong_counts(database) == []
    assert set(restrictions(database)) == {(jo, fan) for fan in fans}
    versions = [data["version"] for name, data in facts(database) if name == "user.restricted.v1"]
    assert sorted(versions) == list(range(1, len(fans) + 1))


def test_blocks_of_each_other_at_once_are_both_there(database: Database) -> None:
    jo, max_ = some_people(database, 2)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda pair: database.write(block, *pair), [(jo, max_), (max_, jo)] * 4))
    assert restrictions(database) == {(jo, max_): (True, False), (max_, jo): (True, False)}


def test_withdrawal_removes_restrictions_of_and_by_the_account(database: Database) -> None:
    gone, jo, max_, eve = some_people(database, 4)
    for one, other in ((gone, jo), (gone, max_), (jo, gone), (max_, gone), (eve, gone), (jo, eve)):
        database.write(block, one, other)
    database.write(WITHDRAWAL.request, gone)
    purge_to_the_end(database, 1)
    assert restrictions(database) == {(jo, eve): (True, False)}


def test_restored_versions_are_newer_than_any_that_was_lost(database: Database) -> None:
    jo, max_, eve = some_people(database, 3)
    database.write(block, jo, max_)
    after: int | None = 0
    while after is not None:
        after = database.write(raise_restriction_versions, after, 2)
    between = [
        database.read(restriction_queries.restriction_between, *pair) for pair in ((jo, max_), (jo, eve), (eve, jo))
    ]
    assert [each and (each["blocking"], each["version"]) for each in between] == [
        (True, VERSION_STEP + 1),
        (False, VERSION_STEP + 1),
        (False, VERSION_STEP),
    ]
