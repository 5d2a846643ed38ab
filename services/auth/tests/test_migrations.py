"""Migrations keep existing data."""

from sqlalchemy import select, text

from services.auth import models
from shared.database import migrations
from shared.database.engine import Database

from .conftest import MIGRATIONS

BEFORE = [
    "INSERT INTO signing_keys (kid, sealed_private_key, created_at) VALUES ('a', 'x', 200), ('b', 'y', 100)",
    "INSERT INTO failures (digest, tries, blocked_until, last_at) VALUES ('d', 3, 0, 0)",
    "INSERT INTO accounts (id, email, name, name_key, nickname, bio, password_hash, version, created_at, updated_at)"
    " VALUES (1, 'a@example.org', 'Ann', 'ann', 'ann1', '', 'h', 1, 0, 0),"
    " (2, 'b@example.org', 'Ann', 'ann', 'annl', '', 'h', 1, 0, 0)",
]
"""Rows of the first tables."""


def test_upgrade_migrates_existing_keys_and_skeletons(empty_database: Database) -> None:
    """Two keys that signed one after the other, and accounts whose skeletons are not claimed."""
    migrations._run(empty_database, MIGRATIONS, "upgrade", "0001")
    for statement in BEFORE:
        empty_database.write(lambda tx, each: tx.execute(text(each)), statement)
    migrations.upgrade(empty_database, MIGRATIONS)
    key = models.signing_keys.c
    rows = empty_database.read(
        lambda tx: tx.execute(select(key.kid, key.generation, key.signs_from).order_by(key.kid)).all()
    )
    assert [tuple(row) for row in rows] == [("a", 2, 200), ("b", 1, 100)]
    due = empty_database.read(lambda tx: tx.execute(select(models.unclaimed_looks.c.account_id)).scalars().all())
    assert sorted(due) == [1, 2]
    assert empty_database.read(lambda tx: tx.execute(select(models.failures.c.pending)).scalar_one()) == 0
    found = empty_database.read(lambda tx: tx.execute(select(models.search_prefixes)).all())
    assert {(row.prefix, row.account_id) for row in found} == {
        (prefix, account_id)
        for account_id, nickname in ((1, "ann1"), (2, "annl"))
        for prefix in ("a", "an", "ann", nickname)
    }
