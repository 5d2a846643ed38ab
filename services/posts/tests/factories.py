"""What tests of the rules say again and again: some people, what they publish, and what is left in the tables."""

from collections.abc import Callable
from typing import Any

import orjson
from sqlalchemy import Row, Table, func, select

from services.posts import models
from services.posts.actions import comments, likes, photos, post_cleanup, posts
from services.posts.actions.feed import follows
from services.posts.actions.people import PEOPLE
from services.posts.actions.withdrawals import WITHDRAWAL
from services.posts.queries.posts import post as shown
from shared import clock, ids
from shared.database.engine import Database
from shared.pagination import Page, PageRequest
from shared.testing import outbox_events
from shared.testing.small_chunks import with_chunk_size

FIRST = PageRequest(100, None)
LAST_SWEEP_AFTER = clock.HOUR
ONE_BY_ONE = with_chunk_size(1, WITHDRAWAL)
OF_A_PERSON = {
    "people": (),
    "follows": ("follower_id", "followee_id"),
    "media": ("owner_id",),
    "posts": ("author_id",),
    "likes": ("person_id",),
    "comments": ("author_id",),
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
    """So many people that posts has heard of."""
    person_ids = [ids.new() for _ in range(number)]
    for index, person_id in enumerate(person_ids):
        names = {"nickname": f"nick{index}", "name": f"Name {index}", "avatar_url": None}
        database.write(PEOPLE.store, {"user_id": ids.encode(person_id), **names, "version": 1})
    return person_ids


def uploaded(database: Database, owner: int, alt: str | None = None) -> int:
    """An upload of theirs, without real files."""
    name = ids.encode(ids.new())
    upload = photos.Upload(f"{name}.jpg", f"{name}s.jpg", 300, 200, "LEHV6nWB2yk8", alt, "image/jpeg")
    database.write(photos.reserve, owner, [upload.display, upload.thumbnail])
    return database.write(photos.keep, owner, upload)


def published(database: Database, author: int, caption: str | None = None, number: int = 1) -> int:
    """A new post of theirs with so many photos."""
    media_ids = [uploaded(database, author) for _ in range(number)]
    return database.write(posts.publish, author, media_ids, caption)


def commented(database: Database, author: int, post: int, text: str = "words", parent: int | None = None) -> int:
    """A comment of theirs, or a reply."""
    return database.write(comments.write, author, post, text, parent)


def all_like(database: Database, persons: list[int], post: int) -> None:
    """Each of them likes it, in this order."""
    for person in persons:
        database.write(likes.like, person, post)


def follows_now(database: Database, follower: int, followee: int, version: int = 1) -> None:
    """Social says that one follows the other."""
    database.write(follows.note, follower, followee, version, following=True)


def listed(database: Database, query: Callable[..., Page], *args: Any) -> list[int]:
    """The ids of a whole list."""
    return [ids.parse(each["id"]) for each in database.read(query, *args, FIRST).items]


def photos_of(post: dict[str, Any]) -> list[Any]:
    """The photos of a post, as they go out."""
    shown: list[Any] = orjson.loads(orjson.dumps(post["media"]))
    return shown


def counts(database: Database, post: int) -> tuple[int, int]:
    """Likes and comments of a post, as shown."""
    found = database.read(shown, post, None)
    return found["like_count"], found["comment_count"]


def rows_of(database: Database, table: Table) -> list[Row[Any]]:
    """Everything in a table."""
    return list(database.read(lambda connection: connection.execute(select(table)).all()))


def size(database: Database, table: Table) -> int:
    """How many rows a table has."""
    statement = select(func.count()).select_from(table)
    return database.read(lambda connection: connection.execute(statement).scalar_one())


def traces_of(database: Database, person: int) -> list[str]:
    """The tables in which somebody is still named."""
    return [
        name
        for name, columns in OF_A_PERSON.items()
        for row in rows_of(database, models.metadata.tables[name])
        if any(getattr(row, column) == person for column in columns)
    ]


def facts(database: Database) -> list[tuple[str, dict[str, Any]]]:
    """Everything announced so far, each held against its contract."""
    return outbox_events(database, models.outbox)


def purge_states(database: Database) -> dict[int, str]:
    """How far each purge is."""
    return {row.user_id: row.state for row in rows_of(database, models.purges)}


def remove_to_the_end(database: Database, chunk: int = 10) -> None:
    """What the worker does until nothing is left of the posts that are gone."""
    while database.write(post_cleanup.remove_some, chunk):
        pass


def purge_to_the_end(database: Database) -> None:
    """What both workers do until nothing is due, one row at a time. The clock need not pass."""
    while ONE_BY_ONE.work(database, LAST_SWEEP_AFTER):
        remove_to_the_end(database)
