"""Sending messages: what is allowed, for whom, and the rows that it writes."""

import pytest
from sqlalchemy import insert, update
from sqlalchemy.exc import DBAPIError

from services.dm import models, room_queries
from services.dm.actions import photos, rooms
from services.dm.actions.messages import Draft, send
from services.dm.actions.withdrawals import WITHDRAWAL
from services.dm.signed_urls import UrlSigner
from shared import clock, ids
from shared.database.engine import Database
from shared.errors import Conflict, Invalid, NotFound, Unauthenticated
from shared.replication.projections import UnknownRecords

from .factories import room_of, rows_of, say, some_people, time_passes, upload

URL_SIGNER = UrlSigner(b"k" * 32)


def test_message_moves_the_room_to_the_top_and_is_unread_for_the_peer(database: Database) -> None:
    one, other = some_people(database, 2)
    room = room_of(database, one, other)
    message = say(database, one, room)
    sides = {row.user_id: (row.last_id, row.unread_count) for row in rows_of(database, models.members)}
    assert sides == {one: (message, 0), other: (message, 1)}


def test_message_ids_increase_when_clocks_differ(
    database: Database,
) -> None:
    one, other = some_people(database, 2)
    room = room_of(database, one, other)
    ahead = ids.first_id_at(clock.now() + clock.DAY)
    database.write(lambda tx: tx.execute(update(models.rooms).values(last_id=ahead)))
    assert [say(database, one, room) for _ in range(2)] == [ahead + 1, ahead + 2]


@pytest.mark.parametrize(
    "content", [{}, {"text": "a", "media_id": 1}, {"text": "a", "post_id": 1}, {"media_id": 1, "post_id": 1}]
)
def test_table_accepts_exactly_one_of_text_photo_and_post(database: Database, content: dict[str, object]) -> None:
    row = {"id": 1, "room_id": 1, "sender_id": 1, "created_at": 1} | content
    with pytest.raises(DBAPIError, match="messages_say_one_thing"):
        database.write(lambda tx: tx.execute(insert(models.messages).values(row)))


def test_message_to_a_room_of_others_is_refused(database: Database) -> None:
    one, other, third = some_people(database, 3)
    room = room_of(database, one, other)
    with pytest.raises(NotFound):
        say(database, third, room)
    with pytest.raises(NotFound):
        upload(database, third, room)
    with pytest.raises(NotFound):
        database.write(rooms.mark_read, third, room, room)
    assert rows_of(database, models.messages) == []


def test_message_by_or_to_a_withdrawn_user_is_refused(database: Database) -> None:
    gone, other = some_people(database, 2)
    room = room_of(database, gone, other)
    message = say(database, other, room)
    photo = upload(database, gone, room)
    database.write(WITHDRAWAL.request, gone)
    with pytest.raises(Unauthenticated):
        database.write(send, gone, room, Draft(media_id=photo))
    with pytest.raises(Unauthenticated):
        database.write(rooms.mark_read, gone, room, message)
    with pytest.raises(Conflict, match="peer_withdrawn"):
        say(database, other, room)
    assert [row.id for row in rows_of(database, models.messages)] == [message]


def test_unknown_users_are_reported_by_id(database: Database) -> None:
    (one,) = some_people(database, 1)
    with pytest.raises(UnknownRecords) as refusal:
        database.write(rooms.open_room, one, 7)
    assert refusal.value.ids == (7,)


def test_unsent_photo_can_be_sent_for_a_day_and_its_files_live_longer(database: Database) -> None:
    one, other = some_people(database, 2)
    room = room_of(database, one, other)
    photo = upload(database, one, room)
    due = {row.due_at for row in rows_of(database, models.disposal)}
    assert len(rows_of(database, models.disposal)) == 2 and min(due) > clock.now() + photos.UNSENT_FOR_MS
    database.write(photos.delete_unsent)
    assert [row.id for row in rows_of(database, models.media)] == [photo]
    time_passes(database, photos.UNSENT_FOR_MS)
    assert min(row.due_at for row in rows_of(database, models.disposal)) > clock.now()
    with pytest.raises(Invalid, match="unknown_media"):
        database.write(send, one, room, Draft(media_id=photo))
    assert not database.write(photos.delete_unsent)
    assert rows_of(database, models.media) == []


def test_file_of_a_sent_photo_is_never_deleted(database: Database) -> None:
    one, other = some_people(database, 2)
    room = room_of(database, one, other)
    photo = upload(database, one, room)
    database.write(send, one, room, Draft(media_id=photo))
    assert rows_of(database, models.disposal) == []
    time_passes(database, 2 * photos.UNSENT_FOR_MS)
    database.write(photos.delete_unsent)
    assert [row.id for row in rows_of(database, models.media)] == [photo]


def test_refused_message_writes_nothing(database: Database) -> None:
    one, other = some_people(database, 2)
    room = room_of(database, one, other)
    photo = upload(database, one, room)
    for draft in (Draft(media_id=photo, reply_to=1), Draft(media_id=photo + 1), Draft(text="a", reply_to=1)):
        with pytest.raises(Invalid):
            database.write(send, one, room, draft)
    with pytest.raises(Invalid, match="unknown_post"):
        database.write(send, one, room, Draft(post_id=1), post_exists=False)
    assert rows_of(database, models.messages) == [] and not rows_of(database, models.media)[0].sent
    assert database.read(room_queries.room, other, room, URL_SIGNER)["unread_count"] == 0
    assert len(rows_of(database, models.disposal)) == 2
