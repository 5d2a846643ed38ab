"""Users, rooms, messages and published events for the tests of dm."""

from io import BytesIO
from typing import Any

from PIL import Image
from sqlalchemy import Connection, Row, Table, select, update

from services.dm import models
from services.dm.actions import photos, rooms
from services.dm.actions.messages import Draft, send
from services.dm.actions.people import PEOPLE
from services.dm.actions.withdrawals import WITHDRAWAL
from services.dm.photo_queries import stored
from shared import clock, ids
from shared.database.engine import Database
from shared.images.variants import variants_of
from shared.pagination import PageRequest
from shared.testing import outbox_events
from shared.testing.small_chunks import with_chunk_size

FIRST = PageRequest(100, None)
LAST_SWEEP_AFTER = clock.HOUR
NOTHING = ids.encode(1)


def some_people(database: Database, number: int) -> list[int]:
    """This number of users that dm knows."""
    person_ids = [ids.new() for _ in range(number)]
    for index, person_id in enumerate(person_ids):
        names = {"nickname": f"nick{index}", "name": f"Name {index}", "avatar_url": None}
        database.write(PEOPLE.store, {"user_id": ids.encode(person_id), **names, "version": 1})
    return person_ids


def room_of(database: Database, one: int, other: int) -> int:
    """The id of their room."""
    return database.write(rooms.open_room, one, other).room_id


def request_to(database: Database, one: int, other: int) -> int:
    """The id of a room that the one has opened, and that is a request for the other."""
    return database.write(lambda tx: rooms.open_room(tx, one, other, is_followed=False)).room_id


def say(database: Database, sender: int, room: int, text: str = "hi", **draft: Any) -> int:
    """Send a text. Returns the id of the message."""
    return database.write(send, sender, room, Draft(text=text, **draft)).message_id


def upload(database: Database, person: int, room: int, file: str = "f" * 32) -> int:
    """An uploaded photo without its files. Returns its id."""
    names = [stored(file, each.name) for each in variants_of(4, 3)]
    database.write(photos.reserve, person, room, names)
    return database.write(photos.keep, person, room, photos.Photo(file, "image/jpeg", 4, 3, "LEHV6n", "A quay"))


def rows_of(database: Database, table: Table) -> list[Row[Any]]:
    """All rows of the table."""
    return list(database.read(lambda connection: connection.execute(select(table)).all()))


def facts(database: Database) -> list[tuple[str, dict[str, Any]]]:
    """All events published so far except those about messages, each checked against its contract."""
    told = outbox_events(database, models.outbox)
    about_rooms = ("message.sent.v1", "message.removed.v1", "room.read.v1", "room.requested.v1", "room.updated.v1")
    return [fact for fact in told if fact[0] not in about_rooms]


def purge_states(database: Database) -> dict[int, str]:
    """The state of each purge."""
    return {row.user_id: row.state for row in rows_of(database, models.purges)}


def purge_to_the_end(database: Database, chunk: int = 10) -> None:
    """Run the purge until nothing is due."""
    while with_chunk_size(chunk, WITHDRAWAL).work(database, LAST_SWEEP_AFTER):
        pass


def time_passes(database: Database, milliseconds: int) -> None:
    """Make uploads and their files older by this time."""

    def backdate(tx: Connection) -> None:
        media, disposal = models.media, models.disposal
        tx.execute(update(media).values(created_at=media.c.created_at - milliseconds))
        tx.execute(update(disposal).values(due_at=disposal.c.due_at - milliseconds))

    database.write(backdate)


def registered(person_id: int, version: int = 1, **changes: Any) -> dict[str, Any]:
    """The data of `user.registered.v1` and `user.updated.v1`."""
    said = {"user_id": ids.encode(person_id), "nickname": "ada", "name": "Ada", "avatar_url": None}
    return {**said, "version": version, **changes}


def deleted(person_id: int) -> dict[str, Any]:
    """The data of `user.deleted.v1`."""
    return {"user_id": ids.encode(person_id), "deleted_at": clock.format_rfc3339(clock.now())}


def picture(size: tuple[int, int] = (40, 30), colour: str = "teal") -> bytes:
    """A sample photo."""
    file = BytesIO()
    Image.new("RGB", size, colour).save(file, "PNG")
    return file.getvalue()
