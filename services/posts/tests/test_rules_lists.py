"""Lists cost a fixed number of statements, and no statement looks at a whole table."""

from collections.abc import Callable
from typing import Any

from services.posts.actions import comments, follows, likes, photos, posts, removals
from services.posts.actions.withdrawals import WITHDRAWAL
from services.posts.queries.comments import comments_of, replies_to
from services.posts.queries.feed import feed
from services.posts.queries.likes import likers
from services.posts.queries.posts import everyones, must_be_there, posts_of
from services.posts.queries.posts import post as shown
from shared import ids
from shared.database import Database
from shared.pages import Page, Slice
from shared.testing.plans import SORT, overhearing, slow_steps

from .world import (
    LAST_SWEEP_AFTER,
    all_like,
    commented,
    follows_now,
    published,
    some_people,
    uploaded,
)

HARMLESS = {"all of removals"}  # by its key, and only the first
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
    all_like(database, fans, post)
    first = commented(database, author, post)
    for fan in fans:
        commented(database, fan, post)
        commented(database, fan, post, parent=first)
    return reader, author, post


def asked_by(database: Database, query: Callable[..., Slice], *args: Any) -> tuple[int, int]:
    """How many items the largest page of a list has, and with how many statements."""
    with overhearing(database) as asked:
        found = database.read(query, *args, Page(100, None))
    return len(found.items), len(asked)


def test_a_list_takes_as_many_statements_for_many_as_for_one(database: Database) -> None:
    costs = []
    for number in (1, 30):
        reader, author, post = many(database, number)
        comment = ids.parse(database.read(comments_of, post, Page(1, None)).items[0]["id"])
        questions: list[tuple[Any, ...]] = [
            (everyones, reader),
            (posts_of, author, reader),
            (feed, reader),
            (likers, post),
            (comments_of, post),
            (replies_to, comment),
        ]
        costs.append([asked_by(database, *question) for question in questions])
    assert [items for items, _ in costs[0]] == [1, 1, 1, 1, 2, 1]
    assert [items for items, _ in costs[1]] == [31, 30, 30, 30, 31, 30]
    statements = [number for _, number in costs[0]]
    assert [number for _, number in costs[1]] == statements == [3, 4, 4, 2, 2, 3]


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
    database.write(posts.edit, jo, post, {"media_ids": [uploaded(database, jo)]})
    after = Page(20, (ids.new(),))
    for looked in (jo, None):
        database.read(everyones, looked, after)
        database.read(posts_of, jo, looked, after)
        database.read(shown, post, looked)
    database.read(feed, jo, after)
    database.read(likers, post, after)
    database.read(comments_of, post, Page(20, (0,)))
    database.read(replies_to, first, Page(20, (0,)))
    database.read(replies_to, reply, Page(20, (0,)))
    database.read(must_be_there, other)
    database.write(WITHDRAWAL.request, gone)
    while database.write(WITHDRAWAL.step, LAST_SWEEP_AFTER) | database.write(removals.remove_some):
        pass
    database.write(photos.forget_unused)
    database.write(follows.note, gone, jo, 9, following=True)


def test_no_statement_looks_at_a_whole_table(database: Database) -> None:
    with overhearing(database) as asked:
        everything(database)
    questions = {statement: each for each in asked if (statement := each[0]).startswith(("SELECT", "UPDATE", "DELETE"))}
    assert len(questions) > 40
    for each in questions.values():
        harmless = HARMLESS.union(*(steps for words, steps in FEW_ROWS.items() if words in each[0]))
        assert slow_steps(database, each) <= harmless, each


def test_the_check_for_slow_statements_can_fail(database: Database) -> None:
    assert slow_steps(database, ("SELECT * FROM likes ORDER BY id", ())) == {"all of likes", SORT}
