"""Counters are corrected where they are wrong; follows end until social publishes them again."""

from sqlalchemy import delete, insert, update

from services.posts import models
from services.posts.actions import recount
from services.posts.actions.feed import follows
from services.posts.queries.comments import comment as comment_json
from shared.database.engine import Database

from .factories import all_like, all_like_comment, commented, counts, follows_now, published, rows_of, some_people


def test_only_wrong_counters_are_corrected(database: Database) -> None:
    ada, bob, cleo = some_people(database, 3)
    right, wrong = published(database, ada), published(database, ada)
    for post in (right, wrong):
        all_like(database, [bob, cleo], post)
        commented(database, bob, post)
    broken = update(models.tallies).where(models.tallies.c.post_id == wrong).values(likes=5, comments=5)
    database.write(lambda tx: tx.execute(broken))
    assert database.write(recount.recount_some, 0) == (None, [wrong])
    assert counts(database, wrong) == counts(database, right) == (2, 1)
    assert database.write(recount.recount_some, 0) == (None, [])


def test_wrong_counters_of_comments_are_corrected(database: Database) -> None:
    ada, bob, cleo = some_people(database, 3)
    posts = [published(database, ada) for _ in range(4)]
    right, wrong, missing, none = (commented(database, bob, post) for post in posts)
    for comment in (right, wrong, missing):
        all_like_comment(database, [ada, bob, cleo], comment)
    table = models.comment_counters
    database.write(lambda tx: tx.execute(update(table).where(table.c.comment_id == wrong).values(likes=7)))
    database.write(lambda tx: tx.execute(delete(table).where(table.c.comment_id == missing)))
    database.write(lambda tx: tx.execute(insert(table).values(comment_id=none, slot=3, likes=-1)))
    assert database.write(recount.recount_some, 0) == (None, posts[1:])
    shown = [database.read(comment_json, each, None)["like_count"] for each in (right, wrong, missing, none)]
    assert shown == [3, 3, 3, 0]
    assert database.write(recount.recount_some, 0) == (None, [])


def test_follows_end_until_newer_ones_arrive(database: Database) -> None:
    ada, bob, cleo = some_people(database, 3)
    follows_now(database, ada, bob, version=1)
    follows_now(database, ada, cleo, version=2)
    assert database.write(follows.end_some, 0) is None
    assert [row.following for row in rows_of(database, models.follows)] == [False, False]
    assert [row.owner_id for row in rows_of(database, models.rebuilds)] == [ada]
    follows_now(database, ada, bob, version=1_000_001)
    assert {row.followee_id for row in rows_of(database, models.follows) if row.following} == {bob}
