"""Users, follows and checks of counts for the tests of social."""

from typing import Any

from sqlalchemy import Row, func, select

from services.social import models
from services.social.actions.follows import follow
from services.social.actions.people import PEOPLE
from services.social.actions.withdrawals import WITHDRAWAL
from shared import clock, ids
from shared.database.engine import Database
from shared.pagination import PageRequest
from shared.testing import outbox_events
from shared.testing.small_chunks import with_chunk_size

FIRST = PageRequest(100, None)
LAST_SWEEP_AFTER = clock.HOUR


def some_people(database: Database, number: int) -> list[int]:
    """This number of users that social knows."""
    person_ids = [ids.new() for _ in range(number)]
    for index, person_id in enumerate(person_ids):
        names = {"nickname": f"nick{index}", "name": f"Name {index}", "avatar_url": None}
        database.write(PEOPLE.store, {"user_id": ids.encode(person_id), **names, "version": 1})
    return person_ids


def registered(person_id: int, version: int = 1, **changes: Any) -> dict[str, Any]:
    """The data of `user.registered.v1` and `user.updated.v1`."""
    said = {"user_id": ids.encode(person_id), "nickname": "ada", "name": "Ada", "avatar_url": None}
    return {**said, "version": version, **changes}


def deleted(person_id: int) -> dict[str, Any]:
    """The data of `user.deleted.v1`."""
    return {"user_id": ids.encode(person_id), "deleted_at": clock.format_rfc3339(clock.now())}


def all_follow(database: Database, followers: list[int], followee: int) -> None:
    """Each of these users follows this one, in this order."""
    for follower in followers:
        database.write(follow, follower, followee)


def relation_json(person_id: int, **differs: bool) -> dict[str, Any]:
    """The relation to this user, as in responses: nothing but what differs."""
    none = {"following": False, "followed_by": False, "blocking": False, "muting": False}
    return {"user_id": ids.encode(person_id), **none, **differs}


def edges(database: Database) -> set[tuple[int, int]]:
    """All follows."""
    statement = select(models.follows.c.follower_id, models.follows.c.followee_id)
    return {tuple(row) for row in database.read(lambda connection: connection.execute(statement).all())}


def restrictions(database: Database) -> dict[tuple[int, int], tuple[bool, bool]]:
    """Who restricts whom: whether they block, and mute."""
    rows = database.read(lambda connection: connection.execute(select(models.restrictions)).all())
    return {(row.person_id, row.other_id): (row.block_id is not None, row.mute_id is not None) for row in rows}


def person(database: Database, person_id: int) -> Row[Any]:
    """The row of a user."""
    statement = select(models.people).where(models.people.c.id == person_id)
    return database.read(lambda connection: connection.execute(statement).one())


def counted(database: Database, person_id: int) -> tuple[int, int]:
    """The stored numbers of followers and of followed users."""
    row = person(database, person_id)
    return row.followers_count, row.following_count


def wrong_counts(database: Database) -> list[Row[Any]]:
    """Users whose stored counts differ from the number of rows, by one statement."""
    table, follows = models.people.c, models.follows.c
    fans = select(func.count()).where(follows.followee_id == table.id).scalar_subquery()
    idols = select(func.count()).where(follows.follower_id == table.id).scalar_subquery()
    statement = select(models.people, fans.label("fans"), idols.label("idols"))
    statement = statement.where((table.followers_count != fans) | (table.following_count != idols))
    return list(database.read(lambda connection: connection.execute(statement).all()))


def facts(database: Database) -> list[tuple[str, dict[str, Any]]]:
    """All events published so far, each checked against its contract."""
    return outbox_events(database, models.outbox)


def purge_states(database: Database) -> dict[int, str]:
    """The state of each purge."""
    statement = select(models.purges.c.user_id, models.purges.c.state)
    return {row.user_id: row.state for row in database.read(lambda connection: connection.execute(statement).all())}


def purge_to_the_end(database: Database, chunk: int = 10) -> None:
    """Run the purge until nothing is due."""
    while with_chunk_size(chunk, WITHDRAWAL).work(database, LAST_SWEEP_AFTER):
        pass
