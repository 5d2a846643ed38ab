"""Mentions in captions and comments: stored by id, shown as the user is named now, gone with the account."""

from typing import Any

from services.posts import models
from services.posts.actions import comments, posts
from services.posts.actions.people import PEOPLE
from services.posts.actions.withdrawals import WITHDRAWAL
from services.posts.queries.comments import comment as comment_json
from services.posts.queries.comments import comments_of
from services.posts.queries.posts import post as shown
from shared import ids
from shared.database.engine import Database

from .factories import (
    FIRST,
    commented,
    published,
    purge_to_the_end,
    remove_to_the_end,
    rows_of,
    size,
    some_people,
)

TABLES = (models.post_mentions, models.comment_mentions)


def named(database: Database, person: int, nickname: str, version: int, *, suspended: bool = False) -> None:
    names = {"nickname": nickname, "name": "Name", "avatar_url": None}
    database.write(PEOPLE.store, {"user_id": ids.encode(person), **names, "version": version, "suspended": suspended})


def mentioned(text: dict[str, Any]) -> list[str]:
    return [each["nickname"] for each in text["mentions"]]


def test_mentions_are_users_in_the_order_of_the_text(database: Database) -> None:
    jo, one, two = some_people(database, 3)
    text = "@nick2, @Nick1님 and @nick2. @nobody @nick"
    post = published(database, jo, text)
    comment = commented(database, jo, post, text)
    for found in (database.read(shown, post, None), database.read(comment_json, comment, None)):
        assert found["mentions"] == [
            {"id": ids.encode(two), "nickname": "nick2", "name": "Name 2", "avatar_url": None, "deleted": False},
            {"id": ids.encode(one), "nickname": "nick1", "name": "Name 1", "avatar_url": None, "deleted": False},
        ]


def test_nickname_may_end_with_a_full_stop(database: Database) -> None:
    jo, one = some_people(database, 2)
    named(database, one, "dot.", 2)
    assert mentioned(database.read(shown, published(database, jo, "see @dot."), None)) == ["dot."]
    named(database, one, "dot", 3)
    assert mentioned(database.read(shown, published(database, jo, "see @dot."), None)) == ["dot"]


def test_later_change_of_the_nickname_keeps_the_mention(database: Database) -> None:
    jo, one = some_people(database, 2)
    post = published(database, jo, "with @nick1")
    comment = commented(database, jo, post, "with @nick1")
    named(database, one, "renamed", 2)
    database.write(posts.edit, jo, post, {"caption": "edited, with @nick1"})
    database.write(comments.edit, jo, comment, "edited, with @nick1 and @renamed")
    assert mentioned(database.read(shown, post, None)) == ["renamed"]
    assert mentioned(database.read(comment_json, comment, None)) == ["renamed"]
    assert mentioned(database.read(shown, published(database, jo, "now @nick1"), None)) == []


def test_edit_changes_the_mentions(database: Database) -> None:
    jo, *_ = some_people(database, 3)
    post = published(database, jo, "with @nick1")
    comment = commented(database, jo, post, "with @nick1")
    for text, expected in (("@nick2 @nick1", ["nick2", "nick1"]), ("@nick0", ["nick0"]), ("words", [])):
        database.write(posts.edit, jo, post, {"caption": text})
        database.write(comments.edit, jo, comment, text)
        assert mentioned(database.read(shown, post, None)) == expected
        assert mentioned(database.read(comment_json, comment, None)) == expected
    assert [size(database, table) for table in TABLES] == [0, 0]


def test_deleted_and_suspended_accounts_vanish_from_mentions(database: Database) -> None:
    jo, gone, hidden, kept = some_people(database, 4)
    text = "@nick1 @nick2 @nick3"
    post = published(database, jo, text)
    comment = commented(database, jo, post, text)
    database.write(WITHDRAWAL.request, gone)
    named(database, hidden, "nick2", 2, suspended=True)
    for found in (database.read(shown, post, None), database.read(comment_json, comment, None)):
        assert mentioned(found) == ["nick3"]
    later = published(database, jo, text)
    assert mentioned(database.read(shown, later, None)) == ["nick3"]
    purge_to_the_end(database)
    assert {row.person_id for table in TABLES for row in rows_of(database, table)} == {hidden, kept}
    named(database, hidden, "nick2", 3)
    for each in (post, later):
        assert mentioned(database.read(shown, each, None)) == ["nick2", "nick3"]


def test_mentions_go_with_their_text(database: Database) -> None:
    jo, *_ = some_people(database, 2)
    post, other = published(database, jo, "@nick1"), published(database, jo)
    blank, lone = (commented(database, jo, other, "@nick1") for _ in range(2))
    commented(database, jo, other, "a reply", blank)
    commented(database, jo, post, "@nick1")
    for comment in (blank, lone):
        database.write(comments.delete_comment, jo, comment)
    assert database.read(comments_of, other, None, FIRST).items[0]["mentions"] == []
    assert [row.comment_id in (blank, lone) for row in rows_of(database, models.comment_mentions)] == [False]
    database.write(posts.delete_post, jo, post)
    remove_to_the_end(database)
    assert [size(database, table) for table in TABLES] == [0, 0]
