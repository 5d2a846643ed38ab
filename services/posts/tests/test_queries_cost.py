"""Lists cost a fixed number of statements, and no statement looks at a whole table."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import insert

from services.posts import models
from services.posts.actions import comments, likes, photos, post_cleanup, posts
from services.posts.actions.feed import celebrities, fanout, follows, rebuild, timelines
from services.posts.actions.feed.trim import Trimming
from services.posts.actions.withdrawals import WITHDRAWAL
from services.posts.queries.comments import comments_of, replies_to
from services.posts.queries.feed import feed
from services.posts.queries.likes import likers
from services.posts.queries.posts import in_order, latest, posts_of, require_author
from services.posts.queries.posts import post as shown
from shared import ids
from shared.database.engine import Database
from shared.pagination import Page, PageRequest
from shared.testing.query_plans import SORT, Statement, captured_statements, indexes_used, slow_steps

from .factories import LAST_SWEEP_AFTER, all_like, commented, follows_now, published, size, some_people, uploaded
from .feed_checks import settle

HARMLESS = {
    "all of removals",
    "all of rebuilds",
    "all of pushes",
    "all of blank_comments",
}  # by an index, and only the first
HARMLESS |= {"all of popular"}  # few are
FEW_ROWS = {
    "AS last": {SORT},  # the feed: those one follows
    "newest": {SORT},  # the feed: ids of what these posted last
    "FROM media": {SORT},  # the photos of a post
}
"""What a statement in which these words are may do all the same."""


def many(database: Database, number: int) -> tuple[int, int, int]:
    """Somebody who follows an author with so many posts; the first post and its first comment have as many likes,
    comments and replies."""
    reader, author, *fans = some_people(database, number + 2)
    follows_now(database, reader, author)
    post = published(database, author)
    for _ in range(number - 1):
        published(database, author)
    settle(database)
    all_like(database, fans, post)
    first = commented(database, author, post)
    for fan in fans:
        commented(database, fan, post)
        commented(database, fan, post, parent=first)
    return reader, author, post


def hot_reads(database: Database, number: int) -> dict[str, list[Statement]]:
    """What each list, of so many items, and one post ask; the names of the lists."""
    reader, author, post = many(database, number)
    comment = ids.parse(database.read(comments_of, post, PageRequest(1, None)).items[0]["id"])
    lists: dict[str, tuple[Callable[..., Page], int, tuple[Any, ...]]] = {
        "everyone's posts": (latest, min(size(database, models.posts), 100), (reader,)),
        "a person's posts": (posts_of, number, (author, reader)),
        "the feed": (feed, number, (reader,)),
        "likers": (likers, number, (post,)),
        "comments": (comments_of, min(number + 1, 100), (post,)),
        "replies": (replies_to, number, (comment,)),
    }
    found: dict[str, list[Statement]] = {}
    for name, (query, items, args) in lists.items():
        with captured_statements(database) as found[name]:
            assert len(database.read(query, *args, PageRequest(100, None)).items) == items, name
    with captured_statements(database) as found["a post"]:
        database.read(shown, post, reader)
    with captured_statements(database) as found["posts by id"]:
        database.read(in_order, [post] * number, reader)
    return found


def test_a_read_takes_as_many_statements_for_a_hundred_items_as_for_one(database: Database) -> None:
    expected = {"everyone's posts": 1, "a person's posts": 1, "the feed": 1, "a post": 1, "posts by id": 1}
    expected |= {"likers": 2, "comments": 2, "replies": 3}
    for number in (1, 100):
        asked = hot_reads(database, number)
        assert {name: len(statements) for name, statements in asked.items()} == expected


def test_each_read_has_its_index(database: Database) -> None:
    """The primary keys apart: by these the feed is read, everyone's posts, and a post."""
    expected = {name: set[str]() for name in ("everyone's posts", "the feed", "a post", "posts by id")}
    expected |= {"a person's posts": {"posts_by_author"}, "likers": {"likes_by_post"}}
    expected |= {"comments": {"comments_by_thread"}, "replies": {"comments_by_thread"}}
    (other,) = some_people(database, 1)
    for _ in range(20):  # or everyone's posts are as good as a person's
        published(database, other)
    asked = hot_reads(database, 3)
    used = {name: set().union(*(indexes_used(database, each) for each in asked[name])) for name in asked}
    used["the feed"].discard("follows_by_follower")  # or MySQL begins with the popular authors, who are few
    assert used == expected


def test_below_the_floor_a_page_takes_as_many_statements_however_many_one_follows(database: Database) -> None:
    costs = []
    for number in (1, 30):
        reader, *authors = some_people(database, number + 1)
        for author in authors:
            follows_now(database, reader, author)
            published(database, author)
        with captured_statements(database) as asked:
            assert len(database.read(feed, reader, PageRequest(100, None)).items) == number
        costs.append(len(asked))
    assert costs == [4, 4]


def everything(database: Database) -> None:
    """Each action and each query once, with something to do."""
    jo, fan, gone = some_people(database, 3)
    follows_now(database, jo, fan)
    follows_now(database, fan, gone)
    follows_now(database, gone, jo)
    post, other = published(database, jo, "words", 2), published(database, gone)
    uploaded(database, gone)
    all_like(database, [fan, jo, gone], post)
    database.write(likes.unlike, jo, post)
    first = commented(database, fan, post)
    reply = commented(database, gone, post, "reply", first)
    commented(database, gone, post)
    database.write(comments.edit, fan, first, "better")
    database.write(comments.delete_comment, fan, first)
    database.write(lambda tx: tx.execute(insert(models.blank_comments).values(comment_id=first)))
    database.write(comments.remove_some_blank)
    database.write(posts.edit, jo, post, {"media_ids": [uploaded(database, jo)]})
    after = PageRequest(20, (ids.new(),))
    for looked in (jo, None):
        database.read(latest, looked, after)
        database.read(posts_of, jo, looked, after)
        database.read(shown, post, looked)
        database.read(in_order, [post, other], looked)
    database.read(feed, jo, after)
    push_everything(database, jo, [fan, gone])
    database.read(feed, jo, after)
    database.read(likers, post, after)
    database.read(comments_of, post, PageRequest(20, (0,)))
    database.read(replies_to, first, PageRequest(20, (0,)))
    database.read(replies_to, reply, PageRequest(20, (0,)))
    database.read(require_author, other)
    database.write(WITHDRAWAL.request, gone)
    while WITHDRAWAL.work(database, LAST_SWEEP_AFTER) | database.write(post_cleanup.remove_some):
        pass
    database.write(photos.forget_unused)
    database.write(follows.note, gone, jo, 9, following=True)


def push_everything(database: Database, jo: int, others: list[int]) -> None:
    """All that happens to timelines: pushed in pieces, merged, made up, rebuilt, trimmed, left."""
    for other in others:
        follows_now(database, other, jo, 5)
    published(database, jo)
    settle(database)
    published(database, jo)
    database.write(fanout.push_some, 10, 1)
    settle(database, threshold=1)
    database.write(celebrities.begin, others[0])
    database.read(feed, jo, PageRequest(20, (ids.new(),)))
    published(database, others[0])
    published(database, others[0])
    settle(database, threshold=2)
    database.write(rebuild.ask_for_next, 0)
    settle(database, kept=1)
    Trimming(database, 1).step()
    database.write(timelines.trim, jo, 1)
    database.write(follows.note, others[1], jo, 6, following=False)


def test_no_statement_looks_at_a_whole_table(database: Database) -> None:
    with captured_statements(database) as asked:
        everything(database)
    statements = {
        statement: each for each in asked if (statement := each[0]).startswith(("SELECT", "UPDATE", "DELETE"))
    }
    assert len(statements) > 40
    for each in statements.values():
        harmless = HARMLESS.union(*(steps for words, steps in FEW_ROWS.items() if words in each[0]))
        assert slow_steps(database, each) <= harmless, each


def test_the_check_for_slow_statements_can_fail(database: Database) -> None:
    assert slow_steps(database, ("SELECT * FROM likes ORDER BY id", ())) == {"all of likes", SORT}
