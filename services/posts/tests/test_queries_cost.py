"""Lists need a constant number of statements, and no statement scans a table."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import insert, update

from services.posts import models
from services.posts.actions import comment_likes, comments, likes, photos, post_cleanup, posts, saves, tags
from services.posts.actions.feed import celebrities, fanout, follows, rebuild, timelines
from services.posts.actions.feed.trim import Trimming
from services.posts.actions.reindexing import Reindexing
from services.posts.actions.withdrawals import WITHDRAWAL
from services.posts.queries.comment_likes import like_json as comment_like_json
from services.posts.queries.comment_likes import likers as likers_of_comment
from services.posts.queries.comments import comments_of, replies_to
from services.posts.queries.feed import feed
from services.posts.queries.likes import likers
from services.posts.queries.posts import in_order, latest, posts_of, require_author
from services.posts.queries.posts import post as shown
from services.posts.queries.saves import save_json, saved_by
from services.posts.queries.tags import posts_of_tag, search
from shared import ids
from shared.database.engine import Database
from shared.pagination import Page, PageRequest
from shared.testing.query_plans import SORT, Statement, captured_statements, indexes_used, slow_steps

from .factories import (
    FIRST,
    LAST_SWEEP_AFTER,
    all_like,
    all_like_comment,
    commented,
    follows_now,
    listed,
    published,
    restricted,
    save_all,
    size,
    some_people,
    uploaded,
)
from .feed_checks import settle

HARMLESS = {
    "all of removals",
    "all of rebuilds",
    "all of pushes",
    "all of blank_comments",
    "all of comment_removals",
}  # by an index, and only the first
HARMLESS |= {"all of popular"}  # few are
FEW_ROWS = {
    "AS last": {SORT},  # the feed: those one follows
    "newest": {SORT},  # the feed: ids of what these posted last
    "FROM media": {SORT},  # the photos of a post
    "AS subject_id": {SORT},  # those mentioned on a page
}
"""What a statement in which these words are may do all the same."""


def many(database: Database, number: int) -> tuple[int, int, int]:
    """A user who follows an author with many posts, the first of which has many likes, comments and replies."""
    reader, author, *fans = some_people(database, number + 2)
    follows_now(database, reader, author)
    post = published(database, author, "the #harbour")
    for place in range(number - 1):
        published(database, author, f"the #harbour #place{place}")
    settle(database)
    all_like(database, fans, post)
    first = commented(database, author, post)
    for fan in fans:
        commented(database, fan, post)
        commented(database, fan, post, parent=first)
    all_like_comment(database, fans, first)
    save_all(database, reader, listed(database, posts_of, author, reader)[::-1])
    return reader, author, post


def hot_reads(database: Database, number: int) -> dict[str, list[Statement]]:
    """The statements of each list of this page size, and of one post; the names of the lists."""
    reader, author, post = many(database, number)
    comment = ids.parse(database.read(comments_of, post, None, PageRequest(1, None)).items[0]["id"])
    lists: dict[str, tuple[Callable[..., Page], int, tuple[Any, ...]]] = {
        "everyone's posts": (latest, min(size(database, models.posts), 100), (reader,)),
        "a person's posts": (posts_of, number, (author, reader)),
        "the feed": (feed, number, (reader,)),
        "saved posts": (saved_by, number, (reader,)),
        "posts of a tag": (posts_of_tag, number, ("harbour", reader)),
        "tags": (search, 1, ("harb",)),
        "likers": (likers, number, (post, reader)),
        "comments": (comments_of, min(number + 1, 100), (post, reader)),
        "replies": (replies_to, number, (comment, reader)),
        "likers of a comment": (likers_of_comment, number, (comment, reader)),
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


def test_number_of_statements_does_not_depend_on_the_page_size(database: Database) -> None:
    expected = {"everyone's posts": 1, "a person's posts": 1, "the feed": 1, "a post": 1, "posts by id": 1}
    expected |= {"saved posts": 1, "posts of a tag": 1, "tags": 1}
    expected |= {"likers": 2, "comments": 2, "replies": 3, "likers of a comment": 3}
    for number in (1, 100):
        asked = hot_reads(database, number)
        assert {name: len(statements) for name, statements in asked.items()} == expected


def test_number_of_statements_does_not_depend_on_the_number_of_mentions(database: Database) -> None:
    for number in (1, 20):
        jo, reader = some_people(database, 2)
        follows_now(database, reader, jo)
        text = " ".join(f"@nick{each}" for each in range(2)) + f" #number{number}"
        post_ids = [published(database, jo, text) for _ in range(number)]
        save_all(database, reader, post_ids)
        for _ in range(number):
            commented(database, jo, post_ids[0], text)
        settle(database)
        expected: dict[str, tuple[int, Callable[..., Any], tuple[Any, ...]]] = {
            "everyone's posts": (2, latest, (reader, FIRST)),
            "a person's posts": (2, posts_of, (jo, reader, FIRST)),
            "the feed": (2, feed, (reader, FIRST)),
            "saved posts": (2, saved_by, (reader, FIRST)),
            "posts of a tag": (2, posts_of_tag, (f"number{number}", reader, FIRST)),
            "posts by id": (2, in_order, (post_ids, reader)),
            "comments": (3, comments_of, (post_ids[0], reader, FIRST)),
        }
        for name, (most, query, args) in expected.items():
            with captured_statements(database) as asked:
                database.read(query, *args)
            assert len(asked) == most, name


def test_each_read_uses_an_index(database: Database) -> None:
    """Without primary keys, which the feed, explore and single posts use."""
    expected = {name: set[str]() for name in ("everyone's posts", "the feed", "a post", "posts by id")}
    expected |= {name: set() for name in ("posts of a tag", "tags")}
    expected |= {"a person's posts": {"posts_by_author"}, "likers": {"likes_by_post"}}
    expected |= {"comments": {"comments_by_thread"}, "replies": {"comments_by_thread"}}
    expected |= {"saved posts": {"saves_by_person"}, "likers of a comment": {"comment_likes_by_comment"}}
    (other,) = some_people(database, 1)
    for _ in range(20):  # or everyone's posts are as good as a person's
        published(database, other)
    asked = hot_reads(database, 3)
    used = {name: set().union(*(indexes_used(database, each) for each in asked[name])) for name in asked}
    used["the feed"].discard("follows_by_follower")  # or MySQL begins with the popular authors, who are few
    assert used == expected


def test_number_of_statements_below_the_watermark_does_not_depend_on_followees(database: Database) -> None:
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
    """Each action and each query once, with data."""
    jo, fan, gone = some_people(database, 3)
    after = PageRequest(20, (2**62,))
    follows_now(database, jo, fan)
    follows_now(database, fan, gone)
    follows_now(database, gone, jo)
    text = "words of @nick1 and @nick2 with #tags"
    post, other = published(database, jo, text, 2), published(database, gone, text)
    uploaded(database, gone)
    all_like(database, [fan, jo, gone], post)
    database.write(likes.unlike, jo, post)
    first = commented(database, fan, post)
    reply = commented(database, gone, post, "reply", first)
    commented(database, gone, post)
    like_comments(database, [fan, jo, gone], first, reply)
    save_all(database, gone, [post])
    save_all(database, fan, [post, other])
    database.write(saves.unsave, fan, post)
    database.read(saved_by, fan, after)
    database.read(save_json, fan, post)
    database.write(comments.edit, fan, first, f"better {text}")
    tag_everything(database, jo, post, text)
    database.write(comments.delete_comment, fan, first)
    database.write(lambda tx: tx.execute(insert(models.blank_comments).values(comment_id=first)))
    database.write(comments.remove_some_blank)
    database.write(posts.edit, jo, post, {"media_ids": [uploaded(database, jo)]})
    restricted(database, jo, some_people(database, 1)[0], blocking=True)
    for looked in (jo, None):
        database.read(latest, looked, after)
        database.read(posts_of, jo, looked, after)
        database.read(shown, post, looked)
        database.read(in_order, [post, other], looked)
    database.read(feed, jo, after)
    push_everything(database, jo, [fan, gone])
    database.read(feed, jo, after)
    database.read(likers, post, None, after)
    restricted(database, jo, fan, muting=True)
    restricted(database, jo, fan, 2)
    database.read(comments_of, post, None, PageRequest(20, (0,)))
    database.read(replies_to, first, None, PageRequest(20, (0,)))
    database.read(replies_to, reply, None, PageRequest(20, (0,)))
    database.read(require_author, other, None)
    database.write(WITHDRAWAL.request, gone)
    while (
        WITHDRAWAL.work(database, LAST_SWEEP_AFTER)
        | database.write(post_cleanup.remove_some)
        | database.write(comment_likes.remove_some)
    ):
        pass
    database.write(photos.delete_unused)
    database.write(follows.note, gone, jo, 9, following=True)


def like_comments(database: Database, persons: list[int], first: int, reply: int) -> None:
    """Every operation on likes of comments."""
    all_like_comment(database, persons, first)
    database.write(comment_likes.unlike, persons[1], first)
    database.write(comment_likes.switch_some_by, persons[2], 0, 10, True)
    database.write(comment_likes.switch_some_by, persons[2], 0, 10, False)
    all_like_comment(database, persons[2:], reply)
    database.read(likers_of_comment, first, persons[0], PageRequest(20, (ids.new(),)))
    database.read(comment_like_json, persons[0], first)


def tag_everything(database: Database, jo: int, post: int, text: str) -> None:
    """Every operation on tags and mentions."""
    after = PageRequest(20, (2**62,))
    database.write(posts.edit, jo, post, {"caption": f"#better {text}"})
    database.write(posts.edit, jo, post, {"caption": text})
    for hidden in (True, False):
        database.write(tags.switch_some_by, jo, 0, 10, hidden)
    database.read(posts_of_tag, "tags", jo, after)
    database.read(search, "ta", PageRequest(20, ("tab",)))
    database.read(search, "ta", PageRequest(20, None))
    Reindexing(database).step()
    database.write(lambda tx: tx.execute(update(models.posts).where(models.posts.c.id == post).values(tags=None)))
    Reindexing(database).step()


def push_everything(database: Database, jo: int, others: list[int]) -> None:
    """Every operation on timelines: fan-out in parts, merge, backfill, rebuild, trim, unfollow."""
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


def test_no_statement_scans_a_table(database: Database) -> None:
    with captured_statements(database) as asked:
        everything(database)
    statements = {
        statement: each for each in asked if (statement := each[0]).startswith(("SELECT", "UPDATE", "DELETE"))
    }
    assert len(statements) > 40
    for each in statements.values():
        harmless = HARMLESS.union(*(steps for words, steps in FEW_ROWS.items() if words in each[0]))
        assert slow_steps(database, each) <= harmless, each


def test_slow_statement_check_can_fail(database: Database) -> None:
    assert slow_steps(database, ("SELECT * FROM likes ORDER BY id", ())) == {"all of likes", SORT}
