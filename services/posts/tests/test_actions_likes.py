"""P3: likes are counted exactly, repeats change nothing, and likers are listed."""

import pytest

from services.posts import models
from services.posts.actions import counters, likes
from services.posts.actions.withdrawals import WITHDRAWAL
from services.posts.queries.likes import like_json, likers
from services.posts.queries.posts import latest
from shared import ids
from shared.database.engine import Database
from shared.errors import NotFound

from .factories import FIRST, all_like, counts, listed, published, purge_to_the_end, rows_of, some_people


def test_p3_liking_twice_has_no_further_effect(database: Database) -> None:
    jo, fan, other = some_people(database, 3)
    post = published(database, jo)
    answers = []
    for action, person in ((likes.like, fan), (likes.like, fan), (likes.like, other), (likes.unlike, fan)) * 2:
        database.write(action, person, post)
        answers.append(database.read(like_json, fan, post))
    assert [each["like_count"] for each in answers] == [1, 1, 2, 1, 2, 2, 2, 1]
    assert answers[0] == {"post_id": ids.encode(post), "liked": True, "like_count": 1}
    assert answers[3] == {"post_id": ids.encode(post), "liked": False, "like_count": 1}


def test_p3_unlike_without_a_like_succeeds(database: Database) -> None:
    jo, fan = some_people(database, 2)
    post = published(database, jo)
    database.write(likes.unlike, fan, post)
    assert counts(database, post) == (0, 0) and rows_of(database, models.tallies) == []


def test_p3_unknown_post_cannot_be_liked_or_unliked(database: Database) -> None:
    (jo,) = some_people(database, 1)
    for action in (likes.like, likes.unlike):
        with pytest.raises(NotFound):
            database.write(action, jo, ids.new())
    with pytest.raises(NotFound):
        database.read(likers, ids.new(), None, FIRST)


def test_p3_likers_are_listed_newest_first_without_withdrawn_users(database: Database) -> None:
    jo, *fans = some_people(database, 5)
    post = published(database, jo)
    all_like(database, fans, post)
    assert listed(database, likers, post, None) == fans[::-1]
    database.write(WITHDRAWAL.request, fans[1])
    assert listed(database, likers, post, None) == [fans[3], fans[2], fans[0]]
    purge_to_the_end(database)
    assert counts(database, post) == (3, 0)


def test_liked_field_depends_on_the_viewer(database: Database) -> None:
    jo, fan = some_people(database, 2)
    post, _ = published(database, jo), published(database, jo)
    all_like(database, [fan], post)
    for viewer, expected in ((fan, [False, True]), (jo, [False, False]), (None, [False, False])):
        shown = database.read(latest, viewer, FIRST).items
        assert [each["liked"] for each in shown] == expected
        assert [each["like_count"] for each in shown] == [0, 1]


def test_counter_of_a_popular_post_has_several_shards_that_are_never_negative(database: Database) -> None:
    jo, *fans = some_people(database, 30)
    post = published(database, jo)
    all_like(database, fans, post)
    rows = rows_of(database, models.tallies)
    assert 1 < len(rows) <= models.SHARDS and {row.slot for row in rows} == {counters.shard_of(fan) for fan in fans}
    for fan in fans:
        database.write(likes.unlike, fan, post)
    assert {row.likes for row in rows_of(database, models.tallies)} == {0}
