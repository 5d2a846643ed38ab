"""A suspended account is hidden in every list of posts, likes and comments; a reinstated one is as before."""

from typing import Any

import pytest

from services.posts.actions import comment_likes, comments, likes, posts
from services.posts.actions.feed import fanout, rebuild
from services.posts.actions.people import PEOPLE
from services.posts.queries import comment_likes as comment_like_lists
from services.posts.queries import comments as comment_lists
from services.posts.queries import exports, feed, saves
from services.posts.queries import likes as like_lists
from services.posts.queries import posts as post_lists
from services.posts.queries import tags as tag_lists
from shared import ids
from shared.database.engine import Database
from shared.errors import NotFound, Unauthenticated
from shared.pagination import PageRequest
from shared.testing import LiveService, eventually

from .factories import (
    FIRST,
    all_like,
    all_like_comment,
    commented,
    counts,
    follows_now,
    listed,
    published,
    purge_to_the_end,
    save_all,
    some_people,
    traces_of,
)  # fmt: skip


def suspend(database: Database, person: int, version: int = 2, *, suspended: bool = True) -> None:
    names = {"nickname": "ada", "name": "Ada", "avatar_url": None}
    said = {"user_id": ids.encode(person), **names, "version": version, "suspended": suspended}
    database.write(PEOPLE.store, said)


def push(database: Database) -> None:
    while database.write(fanout.push_some, 100):
        pass


def rebuilt(database: Database) -> None:
    while database.write(rebuild.rebuild_some, 100):
        pass


def shown(database: Database, reader: int, post: int, other_posts: list[int]) -> list[Any]:
    """Everything that a reader sees."""
    return [
        database.read(post_lists.latest, reader, FIRST).items,
        database.read(post_lists.in_order, other_posts, reader),
        database.read(feed.feed, reader, FIRST).items,
        database.read(saves.saved_by, reader, FIRST).items,
        database.read(tag_lists.posts_of_tag, "sea", reader, FIRST).items,
        database.read(like_lists.likers, post, None, FIRST).items,
        database.read(comment_lists.comments_of, post, None, FIRST).items,
    ]


def test_everything_of_a_suspended_account_is_hidden_and_then_as_before(database: Database) -> None:
    ada, bob, eve = some_people(database, 3)
    follows_now(database, bob, ada)
    follows_now(database, ada, bob)
    rebuilt(database)
    theirs, own = [published(database, ada, "#sea") for _ in range(3)], published(database, bob, "#sea")
    push(database)
    save_all(database, bob, [*theirs, own])
    all_like(database, [ada, eve], own)
    lone = commented(database, ada, own, "lone")
    thread = commented(database, ada, own, "a thread")
    reply = commented(database, eve, own, "a reply", thread)
    inner = commented(database, ada, own, "a reply of ada", thread)
    for comment in (thread, reply):
        all_like_comment(database, [ada, bob, eve], comment)
    likers_of_reply = listed(database, comment_like_lists.likers, reply, None)
    before = shown(database, bob, own, [*theirs, own])
    mine = [database.read(post_lists.posts_of, ada, bob, FIRST).items, listed(database, feed.feed, ada)]

    suspend(database, ada)
    latest, by_ids, home, saved, tagged, likers, first = shown(database, bob, own, [*theirs, own])
    assert [each["id"] for each in (*latest, *by_ids, *home, *saved, *tagged)] == [ids.encode(own)] * 5
    assert [each["id"] for each in likers] == [ids.encode(eve)]
    assert [(each["id"], each["deleted"], each["author"], each["text"]) for each in first] == [
        (ids.encode(thread), True, None, None)
    ]
    assert listed(database, comment_lists.replies_to, thread, None) == [reply]
    assert listed(database, comment_like_lists.likers, reply, None) == [eve, bob]
    with pytest.raises(NotFound):
        database.read(comment_like_lists.likers, thread, None, FIRST)
    assert (first[0]["like_count"], first[0]["liked"]) == (0, False)
    for refused in (post_lists.posts_of, post_lists.post):
        with pytest.raises(NotFound):
            database.read(refused, *((ada, bob, FIRST) if refused is post_lists.posts_of else (theirs[0], bob)))
    for listing in (like_lists.likers, comment_lists.comments_of):
        with pytest.raises(NotFound):
            database.read(listing, theirs[0], None, FIRST)
    other_changes = (likes.like, bob, theirs[0]), (comment_likes.like, bob, thread), (comment_likes.unlike, bob, thread)
    for change in (*other_changes, (comments.write, bob, theirs[0], "text", None)):
        with pytest.raises(NotFound):
            database.write(*change)
    own_changes: tuple[tuple[Any, ...], ...] = (
        (likes.unlike, ada, own), (comments.edit, ada, lone, "x"), (comments.delete_comment, ada, inner),
        (posts.delete_post, ada, theirs[0]), (posts.edit, ada, theirs[0], {}), (comment_likes.like, ada, reply),
    )  # fmt: skip
    for own_change in own_changes:
        with pytest.raises(Unauthenticated):
            database.write(*own_change)

    suspend(database, ada, 3, suspended=False)
    after = shown(database, bob, own, [*theirs, own])
    assert [_unnamed(each) for each in after] == [_unnamed(each) for each in before]
    assert listed(database, comment_like_lists.likers, reply, None) == likers_of_reply
    now = [database.read(post_lists.posts_of, ada, bob, FIRST).items, listed(database, feed.feed, ada)]
    assert [_unnamed(each) for each in now] == [_unnamed(each) for each in mine]


def _unnamed(items: list[Any]) -> list[Any]:
    """Without the names of authors: the events of these tests rename Ada. Photos are compared by their text."""
    return [
        each
        if not isinstance(each, dict)
        else {**each, "author": None, "media": None, "nickname": None, "name": None, "updated_at": None}
        for each in items
    ]


def test_feed_that_is_rebuilt_meanwhile_has_the_posts_after_reinstating(database: Database) -> None:
    ada, bob = some_people(database, 2)
    post = published(database, ada)
    push(database)
    suspend(database, ada)
    follows_now(database, bob, ada)  # an event that arrives late
    rebuilt(database)
    assert listed(database, feed.feed, bob) == []
    suspend(database, ada, 3, suspended=False)
    assert listed(database, feed.feed, bob) == [post]
    rebuilt(database)
    assert listed(database, feed.feed, bob) == [post]


def test_pages_of_a_feed_with_a_suspended_author_are_full(database: Database) -> None:
    ada, bob, eve = some_people(database, 3)
    for author in (ada, bob):
        follows_now(database, eve, author)
    rebuilt(database)
    theirs = [published(database, author) for _ in range(3) for author in (ada, bob)][1::2]
    push(database)
    suspend(database, ada)
    page = database.read(feed.feed, eve, PageRequest(2, None))
    assert [ids.parse(each["id"]) for each in page.items] == theirs[:0:-1] and page.next is not None
    rest = database.read(feed.feed, eve, PageRequest(2, page.next))
    assert [ids.parse(each["id"]) for each in rest.items] == theirs[:1] and rest.next is None


def test_export_of_a_suspended_account_is_complete(database: Database) -> None:
    ada, bob = some_people(database, 2)
    post, other = published(database, ada), published(database, bob)
    comment = commented(database, ada, other, "words of ada")
    all_like(database, [ada], other)
    all_like_comment(database, [ada], comment)
    save_all(database, ada, [other])
    suspend(database, ada)
    assert listed(database, exports.published, ada) == [post]
    (said,) = database.read(exports.commented, ada, FIRST).items
    assert (said["id"], said["text"], said["deleted"]) == (ids.encode(comment), "words of ada", False)
    assert [each["post_id"] for each in database.read(exports.liked, ada, FIRST).items] == [ids.encode(other)]
    assert [each["post_id"] for each in database.read(exports.saved, ada, FIRST).items] == [ids.encode(other)]
    liked = database.read(exports.liked_comments, ada, FIRST).items
    assert [each["comment_id"] for each in liked] == [ids.encode(comment)]


def test_suspended_account_that_is_deleted_is_purged(service: LiveService, database: Database) -> None:
    ada, bob = some_people(database, 2)
    other = published(database, bob)
    all_like(database, [ada, bob], other)
    commented(database, ada, published(database, ada))
    commented(database, ada, other)
    suspend(database, ada)
    assert service.deliver("user.deleted.v1", {"user_id": ids.encode(ada), "deleted_at": "2026-01-01T00:00:00.000Z"})
    purge_to_the_end(database)
    eventually(lambda: traces_of(database, ada) == [])
    (post,) = database.read(post_lists.in_order, [other], None)
    assert (post["like_count"], post["comment_count"]) == (1, 0)


def test_worker_leaves_a_suspended_account_out_of_the_counters(service: LiveService, database: Database) -> None:
    ada, bob = some_people(database, 2)
    other = published(database, bob)
    all_like(database, [ada, bob], other)
    thread = commented(database, bob, other)
    commented(database, ada, other, parent=thread)
    all_like_comment(database, [ada, bob], thread)
    names = {"user_id": ids.encode(ada), "nickname": "ada", "name": "Ada", "avatar_url": None}
    assert service.deliver("user.updated.v1", {**names, "version": 2, "suspended": True})
    eventually(lambda: counts(database, other) == (1, 1))
    eventually(lambda: database.read(comment_lists.comment, thread, None)["like_count"] == 1)
    assert service.deliver("user.updated.v1", {**names, "version": 3, "suspended": False})
    eventually(lambda: counts(database, other) == (2, 2))
    eventually(lambda: database.read(comment_lists.comment, thread, None)["like_count"] == 2)
