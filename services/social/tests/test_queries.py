"""Lists of followers: order, pages, hidden users, and indexes."""

from collections.abc import Callable

import pytest
from sqlalchemy import Connection

from services.social import queries, restriction_queries
from services.social.actions.follows import follow
from services.social.actions.people import PEOPLE
from services.social.actions.restore import raise_restriction_versions
from services.social.actions.restrictions import block, mute, unblock
from services.social.actions.withdrawals import WITHDRAWAL
from shared import ids
from shared.database.engine import Database
from shared.errors import NotFound, Unauthenticated
from shared.pagination import Page, PageRequest
from shared.replication.projections import UnknownRecords
from shared.testing.query_plans import SORT, captured_statements, slow_steps

from .factories import FIRST, LAST_SWEEP_AFTER, all_follow, purge_to_the_end, relation_json, some_people

List = Callable[[Connection, int, int | None, PageRequest], Page]


def shown(
    database: Database, which: List, person_id: int, page: PageRequest = FIRST, viewer: int | None = None
) -> list[int]:
    return [ids.parse(item["id"]) for item in database.read(which, person_id, viewer, page).items]


def test_both_lists_are_newest_first(database: Database) -> None:
    star, *fans = some_people(database, 4)
    for fan in (fans[1], fans[0], fans[2]):
        database.write(follow, fan, star)
        database.write(follow, star, fan)
    assert shown(database, queries.followers, star) == [fans[2], fans[0], fans[1]]
    assert shown(database, queries.following, star) == [fans[2], fans[0], fans[1]]


def test_list_shows_users_as_last_published_by_auth(database: Database) -> None:
    star, jo = some_people(database, 2)
    database.write(follow, jo, star)
    names = {"nickname": "jo", "name": "Jo", "avatar_url": "/api/v1/avatars/1.jpg"}
    database.write(PEOPLE.store, {"user_id": ids.encode(jo), **names, "version": 2})
    assert database.read(queries.followers, star, None, FIRST).items == [
        {
            "id": ids.encode(jo),
            "nickname": "jo",
            "name": "Jo",
            "avatar_url": "/api/v1/avatars/1.jpg",
            "deleted": False,
        }
    ]


def test_pages_neither_skip_nor_repeat_during_changes(database: Database) -> None:
    star, *fans = some_people(database, 12)
    all_follow(database, fans[:9], star)
    seen: list[int] = []
    page, latecomers = PageRequest(4, None), iter(fans[9:])
    while True:
        found = database.read(queries.followers, star, None, page)
        seen += [ids.parse(item["id"]) for item in found.items]
        if found.next is None:
            break
        page = PageRequest(4, found.next)
        database.write(follow, next(latecomers), star)
    assert seen == list(reversed(fans[:9]))


def test_exactly_full_page_has_no_next_page(database: Database) -> None:
    star, *fans = some_people(database, 4)
    all_follow(database, fans, star)
    assert database.read(queries.followers, star, None, PageRequest(3, None)).next is None
    assert database.read(queries.followers, star, None, PageRequest(2, None)).next is not None


def test_withdrawn_user_is_hidden_at_once_and_counted_until_purged(database: Database) -> None:
    star, gone, fan = some_people(database, 3)
    all_follow(database, [gone, fan], star)
    database.write(follow, star, gone)
    database.write(WITHDRAWAL.request, gone)
    assert shown(database, queries.followers, star) == [fan]
    assert shown(database, queries.following, star) == []
    assert database.read(queries.relations, star, [gone]) == [relation_json(gone)]
    purge_to_the_end(database)
    assert database.read(queries.counts, star, None) == {"followers_count": 1, "following_count": 0}


@pytest.mark.parametrize("statement", [queries.followers, queries.following])
def test_lists_of_withdrawn_users_are_not_found_and_of_unknown_users_need_auth(
    database: Database, statement: List
) -> None:
    (gone,) = some_people(database, 1)
    database.write(WITHDRAWAL.request, gone)
    with pytest.raises(NotFound):
        database.read(statement, gone, None, FIRST)
    with pytest.raises(UnknownRecords):
        database.read(statement, ids.new(), None, FIRST)


def test_counts_of_withdrawn_users_are_not_found_and_of_unknown_users_need_auth(
    database: Database,
) -> None:
    (gone,) = some_people(database, 1)
    database.write(WITHDRAWAL.request, gone)
    with pytest.raises(NotFound):
        database.read(queries.counts, gone, None)
    with pytest.raises(UnknownRecords):
        database.read(queries.counts, ids.new(), None)


def test_relations_are_returned_in_the_requested_order(database: Database) -> None:
    jo, followed, follower, friend, nothing = some_people(database, 5)
    all_follow(database, [follower, friend], jo)
    for each in (followed, friend):
        database.write(follow, jo, each)
    unknown_user = ids.new()
    asked = [friend, unknown_user, nothing, followed, jo, follower]
    found = database.read(queries.relations, jo, asked)
    assert [(ids.parse(each["user_id"]), each["following"], each["followed_by"]) for each in found] == [
        (friend, True, True),
        (unknown_user, False, False),
        (nothing, False, False),
        (followed, True, False),
        (jo, False, False),
        (follower, False, True),
    ]


def test_relations_are_returned_to_unknown_users_and_not_to_withdrawn_ones(database: Database) -> None:
    jo, star = some_people(database, 2)
    assert not database.read(queries.relations, ids.new(), [jo])[0]["following"]
    database.write(WITHDRAWAL.request, jo)
    with pytest.raises(Unauthenticated):
        database.read(queries.relations, jo, [star])


def test_no_statement_scans_a_table_or_sorts(database: Database) -> None:
    jo, star = some_people(database, 2)
    with captured_statements(database) as asked:
        database.write(follow, jo, star)
        for viewer in (None, jo):
            database.read(queries.followers, star, viewer, PageRequest(20, (ids.new(),)))
            database.read(queries.following, jo, viewer, PageRequest(20, (ids.new(),)))
        database.read(queries.common_followers, star, jo, PageRequest(20, (ids.new(),)))
        database.read(queries.counts_of_profile, star, jo)
        database.read(queries.relations, jo, [star, ids.new()])
        for change in (mute, block, unblock, block):
            database.write(change, jo, star)
        for restricted in (queries.blocks, queries.mutes):
            database.read(restricted, jo, PageRequest(20, (ids.new(),)))
        database.read(restriction_queries.restrictions_after, PageRequest(20, (jo, ids.new())))
        database.read(restriction_queries.restriction_between, jo, star)
        database.write(raise_restriction_versions, 0)
        database.write(WITHDRAWAL.request, star)
        database.write(WITHDRAWAL.step, LAST_SWEEP_AFTER)

    statements = [each for each in asked if each[0].startswith(("SELECT", "UPDATE", "DELETE"))]
    assert len(statements) > 15
    for statement in statements:
        assert slow_steps(database, statement) == set(), statement


@pytest.mark.parametrize(
    ("statement", "slow"),
    [
        ("SELECT * FROM people", {"all of people"}),
        ("SELECT * FROM people ORDER BY name", {"all of people", SORT}),
        ("SELECT * FROM follows WHERE follower_id = 1 ORDER BY created_at", {SORT}),
        ("UPDATE people SET name = 'a' WHERE name = 'b'", {"all of people"}),
        ("DELETE FROM people WHERE name = 'b'", {"all of people"}),
    ],
)
def test_slow_statement_check_can_fail(database: Database, statement: str, slow: set[str]) -> None:
    assert slow_steps(database, (statement, ())) == slow
