"""The home feed: own and followed posts, whatever the order of events."""

from itertools import permutations

import pytest

from services.posts import models
from services.posts.actions import posts
from services.posts.actions.feed import follows
from services.posts.actions.withdrawals import WITHDRAWAL
from services.posts.queries.feed import feed
from shared import ids
from shared.database.engine import Database
from shared.pagination import PageRequest

from .factories import follows_now, listed, published, purge_to_the_end, rows_of, some_people


def test_feed_contains_own_and_followed_posts(database: Database) -> None:
    jo, friend, unfollowed = some_people(database, 3)
    follows_now(database, jo, friend)
    follows_now(database, unfollowed, jo)
    own, theirs, _, later = (published(database, author) for author in (jo, friend, unfollowed, friend))
    assert listed(database, feed, jo) == [later, theirs, own]
    assert listed(database, feed, friend) == [later, theirs]


def test_feed_of_a_new_user_is_empty(database: Database) -> None:
    (jo,) = some_people(database, 1)
    published(database, jo)
    assert listed(database, feed, ids.new()) == []


def test_pages_neither_skip_nor_repeat_while_others_publish(database: Database) -> None:
    jo, *friends = some_people(database, 4)
    for friend in friends:
        follows_now(database, jo, friend)
    there = [published(database, author) for author in (jo, *friends) * 3]
    read: list[int] = []
    page = PageRequest(5, None)
    while True:
        found = database.read(feed, jo, page)
        read += [ids.parse(each["id"]) for each in found.items]
        if found.next is None:
            break
        page = PageRequest(5, found.next)
        published(database, friends[0])
    assert read == there[::-1]


def test_newest_posts_of_many_authors_are_paged(database: Database) -> None:
    jo, *friends = some_people(database, 9)
    for friend in friends[:-1]:
        follows_now(database, jo, friend)
    order = [*friends, friends[2], friends[2], friends[0], friends[5], *friends[:4], friends[2]]
    there = [published(database, author) for author in order if author != friends[-1]]
    published(database, friends[-1])
    for limit in (1, 2, 3, 5, 20):
        read: list[int] = []
        found = database.read(feed, jo, PageRequest(limit, None))
        read += [ids.parse(each["id"]) for each in found.items]
        while found.next is not None:
            found = database.read(feed, jo, PageRequest(limit, found.next))
            read += [ids.parse(each["id"]) for each in found.items]
        assert read == there[::-1]


def test_unfollowed_author_is_not_in_the_feed(database: Database) -> None:
    jo, friend = some_people(database, 2)
    post = published(database, friend)
    follows_now(database, jo, friend, 1)
    assert listed(database, feed, jo) == [post]
    database.write(follows.note, jo, friend, 2, following=False)
    assert listed(database, feed, jo) == []
    follows_now(database, jo, friend, 3)
    assert listed(database, feed, jo) == [post]


def test_newest_follow_event_wins_in_any_order(database: Database) -> None:
    for order in permutations([1, 2, 3]):
        jo, friend = some_people(database, 2)
        for version in (*order, *order):
            database.write(follows.note, jo, friend, version, following=version != 2)
    assert {(row.version, row.following) for row in rows_of(database, models.follows)} == {(3, True)}


def test_follow_event_may_arrive_before_its_users(database: Database) -> None:
    jo, friend = ids.new(), ids.new()
    follows_now(database, jo, friend)
    assert listed(database, feed, jo) == [] and len(rows_of(database, models.follows)) == 1


@pytest.mark.parametrize("gone", ["follower", "followee"])
def test_follow_after_a_withdrawal_changes_nothing(database: Database, gone: str) -> None:
    pair = dict(zip(("follower", "followee"), some_people(database, 2), strict=True))
    follows_now(database, pair["follower"], pair["followee"], 1)
    database.write(WITHDRAWAL.request, pair[gone])
    purge_to_the_end(database)
    follows_now(database, pair["follower"], pair["followee"], 2)
    assert rows_of(database, models.follows) == []


def test_posts_of_withdrawn_users_are_skipped_and_pages_stay_full(database: Database) -> None:
    jo, friend, gone = some_people(database, 3)
    for each in (friend, gone):
        follows_now(database, jo, each)
    theirs = [published(database, friend) for _ in range(3)]
    for _ in range(5):
        published(database, gone)
    database.write(WITHDRAWAL.request, gone)
    found = database.read(feed, jo, PageRequest(2, None))
    assert [ids.parse(each["id"]) for each in found.items] == theirs[:0:-1] and found.next == (theirs[1],)


def test_deleted_post_is_in_no_feed(database: Database) -> None:
    jo, friend = some_people(database, 2)
    follows_now(database, jo, friend)
    post, other = published(database, friend), published(database, friend)
    database.write(posts.delete_post, friend, post)
    assert listed(database, feed, jo) == [other]
