"""The dataset is consistent, and the oracle computes the expected lists."""

import pytest

from bench.dataset import Dataset, Post, society, uploads
from bench.oracle import Oracle, Shown, Wrong, compare, shown

EDGES = [(0, 1), (1, 2), (2, 3)]


def test_users_post_equally_often_and_like_only_posts_of_friends() -> None:
    dataset = society("small", EDGES, posts_each=3, uploads_each=2)
    authors = {post.id: post.author for post in dataset.posts}
    assert sorted(authors.values()) == sorted(dataset.people * 3)
    assert [post.id for post in dataset.posts] == sorted(authors)
    assert dataset.likes and dataset.comments
    assert {(person, authors[post]) for person, post in dataset.likes} <= set(dataset.follows)


def test_friends_follow_each_other() -> None:
    dataset = society("small", EDGES, posts_each=1, uploads_each=0)
    assert set(dataset.follows) == {(b, a) for a, b in dataset.follows}
    assert dataset.followers[dataset.people[1]] == 2


def test_users_do_not_share_uploads() -> None:
    given = uploads({1: 3, 2: 2})
    assert len({*given[1], *given[2]}) == 5


def test_feed_contains_own_and_followed_posts_newest_first() -> None:
    oracle = Oracle(dataset())
    assert oracle.feed(1) == [Shown(13, 1, 0, 0, False), Shown(12, 2, 2, 1, True)]
    assert oracle.feed(3) == [Shown(11, 3, 0, 0, False)]
    assert oracle.posts_of(2, 3) == [Shown(12, 2, 2, 1, False)]


def test_response_ids_are_parsed_in_any_base() -> None:
    item = {"id": "0c", "author": {"id": "02"}, "like_count": 2, "comment_count": 1, "liked": True}
    assert shown(item, 16) == Shown(12, 2, 2, 1, True)
    assert shown({**item, "id": 12, "author": {"id": 2}}, 10) == Shown(12, 2, 2, 1, True)


@pytest.mark.parametrize("found", [[], [Shown(12, 2, 3, 1, True)], [Shown(12, 2, 2, 1, True)] * 2])
def test_response_with_wrong_content_is_not_timed(found: list[Shown]) -> None:
    with pytest.raises(Wrong):
        compare("a feed", [Shown(12, 2, 2, 1, True)], found)


def dataset() -> Dataset:
    posts = [Post(11, 3, 0), Post(12, 2, 1), Post(13, 1, 2)]
    return Dataset("small", [1, 2, 3], [(1, 2)], posts, likes=[(1, 12), (2, 12)], comments=[(1, 12)])
