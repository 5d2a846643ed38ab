"""Users, posts and remaining rows for the tests of posts."""

import secrets
from collections import Counter
from collections.abc import Callable
from typing import Any

import orjson
from sqlalchemy import Row, Table, func, select

from services.posts import models
from services.posts.actions import comment_likes, comments, likes, photos, post_cleanup, posts, saves
from services.posts.actions.feed import follows
from services.posts.actions.people import PEOPLE
from services.posts.actions.restrictions import RESTRICTIONS
from services.posts.actions.withdrawals import WITHDRAWAL
from services.posts.queries.photos import display_and_thumbnail
from services.posts.queries.posts import post as shown
from services.posts.queries.tags import search
from shared import clock, ids
from shared.database.engine import Database
from shared.images.variants import variants_of
from shared.pagination import Page, PageRequest
from shared.testing import outbox_events
from shared.testing.small_chunks import with_chunk_size

FIRST = PageRequest(100, None)
LAST_SWEEP_AFTER = clock.HOUR
ONE_BY_ONE = with_chunk_size(1, WITHDRAWAL)
OF_A_PERSON = {
    "people": (),
    "follows": ("follower_id", "followee_id"),
    "restrictions": ("person_id", "other_id"),
    "media": ("owner_id",),
    "posts": ("author_id",),
    "likes": ("person_id",),
    "comments": ("author_id",),
    "comment_likes": ("person_id",),
    "saves": ("person_id",),
    "post_mentions": ("person_id",),
    "comment_mentions": ("person_id",),
    "timeline": ("owner_id",),
    "feeds": ("owner_id",),
    "rebuilds": ("owner_id",),
    "pushes": ("author_id",),
    "popular": ("author_id",),
    "removals": ("author_id",),
    "idempotency_keys": ("owner_id",),
    "purges": (),
}
"""Every table that names people, and the columns in which. People and purges keep their id as a tombstone."""


def some_people(database: Database, number: int) -> list[int]:
    """This number of users that posts knows."""
    person_ids = [ids.new() for _ in range(number)]
    for index, person_id in enumerate(person_ids):
        names = {"nickname": f"nick{index}", "name": f"Name {index}", "avatar_url": None}
        database.write(PEOPLE.store, {"user_id": ids.encode(person_id), **names, "version": 1})
    return person_ids


def uploaded(database: Database, owner: int, alt: str | None = None) -> int:
    """An upload of the user, without real files."""
    base = secrets.token_hex(16)
    names = display_and_thumbnail(base, 1200, 800)
    upload = photos.Upload(base, *names, 1200, 800, "LEHV6nWB2yk8", alt, "image/jpeg")
    database.write(photos.reserve, owner, [f"{base}-{each.name}" for each in variants_of(1200, 800)])
    return database.write(photos.keep, owner, upload)


def published(database: Database, author: int, caption: str | None = None, number: int = 1) -> int:
    """A new post of the user with this number of photos."""
    media_ids = [uploaded(database, author) for _ in range(number)]
    return database.write(posts.publish, author, media_ids, caption)


def commented(database: Database, author: int, post: int, text: str = "words", parent: int | None = None) -> int:
    """A comment of the user, or a reply."""
    return database.write(comments.write, author, post, text, parent)


def all_like(database: Database, persons: list[int], post: int) -> None:
    """Each of these users likes it, in this order."""
    for person in persons:
        database.write(likes.like, person, post)


def all_like_comment(database: Database, persons: list[int], comment: int) -> None:
    """Each of these users likes the comment, in this order."""
    for person in persons:
        database.write(comment_likes.like, person, comment)


def save_all(database: Database, person: int, post_ids: list[int]) -> None:
    """The user saves each of these posts, in this order."""
    for post in post_ids:
        database.write(saves.save, person, post)


def follows_now(database: Database, follower: int, followee: int, version: int = 1) -> None:
    """Handle an event of social that one follows the other."""
    database.write(follows.note, follower, followee, version, following=True)


def restricted(
    database: Database, person: int, other: int, version: int = 1, *, blocking: bool = False, muting: bool = False
) -> None:
    """Handle an event of social about what one blocks and mutes of the other."""
    who = {"user_id": ids.encode(person), "other_id": ids.encode(other)}
    database.write(RESTRICTIONS.store, {**who, "blocking": blocking, "muting": muting, "version": version})


def listed(database: Database, query: Callable[..., Page], *args: Any) -> list[int]:
    """The ids of a whole list."""
    return [ids.parse(each["id"]) for each in database.read(query, *args, FIRST).items]


def tag_counts(database: Database, beginning: str = "") -> dict[str, int]:
    """How many posts each tag has, as in responses; of all tags without a beginning, by the rows."""
    if beginning:
        found = database.read(search, beginning, FIRST).items
        return {each["tag"]: each["post_count"] for each in found}
    counted: Counter[str] = Counter()
    for row in rows_of(database, models.tag_counters):
        assert row.posts > 0
        counted[row.tag] += row.posts
    return dict(counted)


def photos_of(post: dict[str, Any]) -> list[Any]:
    """The photos of a post, as in responses."""
    shown: list[Any] = orjson.loads(orjson.dumps(post["media"]))
    return shown


def counts(database: Database, post: int) -> tuple[int, int]:
    """Likes and comments of a post, as in responses."""
    found = database.read(shown, post, None)
    return found["like_count"], found["comment_count"]


def rows_of(database: Database, table: Table) -> list[Row[Any]]:
    """All rows of the table."""
    return list(database.read(lambda connection: connection.execute(select(table)).all()))


def size(database: Database, table: Table) -> int:
    """The number of rows of the table."""
    statement = select(func.count()).select_from(table)
    return database.read(lambda connection: connection.execute(statement).scalar_one())


def traces_of(database: Database, person: int) -> list[str]:
    """The tables that still contain the id of this user."""
    return [
        name
        for name, columns in OF_A_PERSON.items()
        for row in rows_of(database, models.metadata.tables[name])
        if any(getattr(row, column) == person for column in columns)
    ]


def facts(database: Database) -> list[tuple[str, dict[str, Any]]]:
    """All events about users published so far, each checked against its contract."""
    return [fact for fact in outbox_events(database, models.outbox) if fact[0].startswith("user.")]


def told(database: Database) -> list[tuple[str, dict[str, Any]]]:
    """All events about posts and comments published so far, each checked against its contract."""
    return [fact for fact in outbox_events(database, models.outbox) if not fact[0].startswith("user.")]


def purge_states(database: Database) -> dict[int, str]:
    """The state of each purge."""
    return {row.user_id: row.state for row in rows_of(database, models.purges)}


def remove_to_the_end(database: Database, chunk: int = 10) -> None:
    """Run the cleanup worker until nothing is left of deleted posts."""
    while database.write(post_cleanup.remove_some, chunk) | database.write(comment_likes.remove_some, chunk):
        pass


def purge_to_the_end(database: Database) -> None:
    """Run both workers until nothing is due, one row at a time, without waiting."""
    while ONE_BY_ONE.work(database, LAST_SWEEP_AFTER):
        remove_to_the_end(database)
