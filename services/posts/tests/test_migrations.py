"""Migrations keep existing data, and the purge tests cover every column with a user id."""

from typing import Any

from sqlalchemy import insert

from services.posts import models
from services.posts.models import metadata
from services.posts.queries.feed import feed
from shared import ids
from shared.database import migrations
from shared.database.engine import Database

from .conftest import MIGRATIONS
from .factories import OF_A_PERSON, listed
from .feed_checks import settle, timelines


def test_feeds_are_complete_after_an_upgrade_and_timelines_are_filled_later(empty_database: Database) -> None:
    migrations._run(empty_database, MIGRATIONS, "upgrade", "0002")
    jo, friend = sorted(ids.new() for _ in range(2))
    names = {"nickname": "nick", "name": "Name", "version": 1, "deleted": False}
    people = [{"id": each, **names} for each in (jo, friend)]
    empty_database.write(lambda tx: tx.execute(insert(models.people), people))
    row: dict[str, Any] = {"caption": None, "media": [], "created_at": 1, "updated_at": 1}
    rows = [{"id": ids.new(), "author_id": author, **row} for author in (friend, jo, friend)]
    empty_database.write(lambda tx: tx.execute(insert(models.posts), rows))
    edge = {"follower_id": jo, "followee_id": friend, "version": 1, "following": True}
    empty_database.write(lambda tx: tx.execute(insert(models.follows), edge))
    migrations.upgrade(empty_database, MIGRATIONS)
    there = [each["id"] for each in reversed(rows)]
    assert timelines(empty_database) == {} and listed(empty_database, feed, jo) == there
    settle(empty_database)
    assert timelines(empty_database) == {jo: there} and listed(empty_database, feed, jo) == there


def test_withdrawal_tests_cover_every_column_with_a_user_id() -> None:
    """A new column must be added to the purge plan and to `OF_A_PERSON`."""
    naming = {
        (table.name, column.name)
        for table in metadata.tables.values()
        for column in table.columns
        if column.name in {"author_id", "person_id", "owner_id", "follower_id", "followee_id", "other_id", "user_id"}
    }
    assert naming == {(table, column) for table, columns in OF_A_PERSON.items() for column in columns} | {
        ("purges", "user_id")
    }
