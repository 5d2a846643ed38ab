"""Following: who may follow whom, and consistent edges, counts and events."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection

from services.social.actions.follows import follow, unfollow
from services.social.actions.withdrawals import WITHDRAWAL
from shared import ids
from shared.database.engine import Database
from shared.errors import Conflict, Invalid, NotFound, Unauthenticated
from shared.replication.projections import UnknownRecords

from .factories import counted, edges, facts, person, purge_to_the_end, relation_json, some_people, wrong_counts


def edge(follower: int, followee: int, version: int) -> dict[str, Any]:
    return {"follower_id": ids.encode(follower), "followee_id": ids.encode(followee), "version": version}


def test_follow_is_counted_and_published_at_once(database: Database) -> None:
    jo, star = some_people(database, 2)
    assert database.write(follow, jo, star) == relation_json(star, following=True)
    assert edges(database) == {(jo, star)}
    assert (counted(database, jo), counted(database, star)) == ((0, 1), (1, 0))
    assert facts(database) == [("user.followed.v1", edge(jo, star, 1))]


def test_following_twice_has_no_further_effect(database: Database) -> None:
    jo, star = some_people(database, 2)
    assert database.write(follow, jo, star) == database.write(follow, jo, star)
    assert (counted(database, jo), counted(database, star)) == ((0, 1), (1, 0))
    assert len(facts(database)) == 1


def test_unfollow_is_idempotent(database: Database) -> None:
    jo, star = some_people(database, 2)
    database.write(follow, jo, star)
    relation = relation_json(star)
    assert [database.write(unfollow, jo, star) for _ in range(2)] == [relation, relation]
    assert edges(database) == set()
    assert (counted(database, jo), counted(database, star)) == ((0, 0), (0, 0))
    assert [name for name, _ in facts(database)] == ["user.followed.v1", "user.unfollowed.v1"]


def test_unfollow_without_a_follow_changes_and_publishes_nothing(database: Database) -> None:
    jo, star = some_people(database, 2)
    database.write(follow, star, jo)
    assert database.write(unfollow, jo, star)["followed_by"] is True
    assert edges(database) == {(star, jo)} and len(facts(database)) == 1


def test_version_increases_with_each_change_of_a_follower(database: Database) -> None:
    jo, star, other = some_people(database, 3)
    for change, followee in ((follow, star), (follow, star), (follow, other), (unfollow, star), (follow, star)):
        database.write(change, jo, followee)
    database.write(follow, star, jo)
    assert [(data["follower_id"], data["version"]) for _, data in facts(database)] == [
        *((ids.encode(jo), version) for version in (1, 2, 3, 4)),
        (ids.encode(star), 1),
    ]


def test_number_of_followees_is_limited(database: Database) -> None:
    jo, *stars = some_people(database, 4)
    for star in stars[:2]:
        database.write(follow, jo, star, 2)
    with pytest.raises(Conflict, match="following_limit_reached"):
        database.write(follow, jo, stars[2], 2)
    assert edges(database) == {(jo, stars[0]), (jo, stars[1])} and len(facts(database)) == 2
    assert database.write(follow, jo, stars[0], 2)["following"], "it is so already"
    assert database.write(follow, stars[2], jo, 2)["following"], "to be followed is not limited"
    database.write(unfollow, jo, stars[0])
    assert database.write(follow, jo, stars[2], 2)["following"]


def test_followees_above_a_lowered_limit_are_kept(database: Database) -> None:
    jo, *stars = some_people(database, 4)
    for star in stars[:2]:
        database.write(follow, jo, star)
    with pytest.raises(Conflict):
        database.write(follow, jo, stars[2], 1)
    assert counted(database, jo) == (0, 2) and wrong_counts(database) == []


def test_limit_is_exact_under_concurrency(database: Database) -> None:
    jo, *stars = some_people(database, 13)

    def attempt(star: int) -> bool:
        try:
            return bool(database.write(follow, jo, star, 5)["following"])
        except Conflict:
            return False

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(attempt, stars)) == 5
    assert counted(database, jo) == (0, 5) and wrong_counts(database) == []


def test_relation_shows_both_directions(database: Database) -> None:
    jo, max_ = some_people(database, 2)
    database.write(follow, max_, jo)
    assert database.write(follow, jo, max_) == relation_json(max_, following=True, followed_by=True)


@pytest.mark.parametrize("change", [follow, unfollow])
def test_following_oneself_is_refused(database: Database, change: Any) -> None:
    (jo,) = some_people(database, 1)
    with pytest.raises(Invalid, match="cannot_follow_self"):
        database.write(change, jo, jo)
    assert (edges(database), counted(database, jo), facts(database)) == (set(), (0, 0), [])


@pytest.mark.parametrize("change", [follow, unfollow])
def test_unknown_users_are_reported_by_id(database: Database, change: Any) -> None:
    jo, unknown_user, another = *some_people(database, 1), ids.new(), ids.new()
    with pytest.raises(UnknownRecords) as one:
        database.write(change, jo, unknown_user)
    with pytest.raises(UnknownRecords) as both:
        database.write(change, unknown_user, another)
    assert (one.value.ids, both.value.ids) == ((unknown_user,), (unknown_user, another))


@pytest.mark.parametrize("change", [follow, unfollow])
def test_token_of_a_withdrawn_user_changes_nothing(database: Database, change: Any) -> None:
    jo, star = some_people(database, 2)
    database.write(follow, jo, star)
    database.write(WITHDRAWAL.request, jo)
    with pytest.raises(Unauthenticated):
        database.write(change, jo, star)
    assert edges(database) == {(jo, star)} and len(facts(database)) == 1


@pytest.mark.parametrize("change", [follow, unfollow])
def test_withdrawn_user_cannot_be_followed(database: Database, change: Any) -> None:
    jo, star = some_people(database, 2)
    database.write(WITHDRAWAL.request, star)
    with pytest.raises(NotFound):
        database.write(change, jo, star)
    assert edges(database) == set() and facts(database) == []


def test_rolled_back_follow_leaves_nothing(database: Database) -> None:
    jo, star = some_people(database, 2)

    def follow_and_die(tx: Connection) -> None:
        follow(tx, jo, star)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        database.write(follow_and_die)
    assert (edges(database), facts(database), person(database, jo).following_version) == (set(), [], 0)
    assert wrong_counts(database) == []


PEOPLE = 4
someone = st.integers(0, PEOPLE - 1)
steps = st.one_of(
    st.tuples(st.sampled_from([follow, unfollow]), someone, someone),
    st.tuples(st.just(WITHDRAWAL.request), someone, st.none()),
    st.tuples(st.just(WITHDRAWAL.step), st.none(), st.none()),
)


@given(st.lists(steps, max_size=30))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_random_operations_keep_edges_and_counts_consistent(
    database: Database, history: list[tuple[Any, int | None, int | None]]
) -> None:
    everybody = some_people(database, PEOPLE)
    expected: set[tuple[int, int]] = set()
    gone: set[int] = set()
    for action, one, other in history:
        if action is WITHDRAWAL.step:
            database.write(WITHDRAWAL.step, 0, 2)
        elif other is None and one is not None:
            database.write(WITHDRAWAL.request, everybody[one])
            gone.add(everybody[one])
        elif one is not None and other is not None:
            pair = everybody[one], everybody[other]
            if pair[0] == pair[1] or gone & {*pair}:
                with pytest.raises((Invalid, NotFound, Unauthenticated)):
                    database.write(action, *pair)
                continue
            database.write(action, *pair)
            expected = expected | {pair} if action is follow else expected - {pair}
        assert wrong_counts(database) == []
    purge_to_the_end(database)
    left = {pair for pair in edges(database) if {*pair} <= {*everybody}}
    assert left == {pair for pair in expected if not gone & {*pair}}
    assert wrong_counts(database) == []
