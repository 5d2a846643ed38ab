"""The index of searches: each text once for each of its two readers, folded, in the order of time.

`send` adds a text in its own transaction. `add_missing` adds those from before the index, and those that the former
release stores during an upgrade: it follows the messages in the order of their ids, some minutes behind.
"""

import unicodedata
from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, Select, delete, false, insert, select

from shared import clock, ids
from shared.database.statements import upsert

from .. import models

CHUNK_ROWS = 500
OVERLAP_MS = 10 * clock.MINUTE
"""Longer than a transaction: messages are not committed in the order of their ids."""
_ONLY_ROW = 1
_texts, _messages, _members = models.searched_texts, models.messages.c, models.members.c
_INSERT = insert(_texts)


def fold(text: str) -> str:
    """The form in which texts are compared: whatever their case and their composition (Unicode, definition D145).

    Compatible characters stay distinct (NFC, not NFKC): else two letters of `ㅋㅋㅠㅠ` would become one syllable, and
    `ㅠㅠ` would not be found.
    """
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", text).casefold())


def index(tx: Connection, message_id: int, room_id: int, text: str, readers: Iterable[int]) -> None:
    """Add a text that has just been sent."""
    row = {"message_id": message_id, "room_id": room_id, "folded": fold(text)}
    tx.execute(_INSERT, [row | {"user_id": each} for each in readers])


def remove(tx: Connection, message_id: int, readers: Iterable[int]) -> None:
    """Remove a text that a moderator has removed."""
    tx.execute(delete(_texts).where(_texts.c.user_id.in_(readers), _texts.c.message_id == message_id))


def add_missing(tx: Connection, now: int | None = None) -> bool:
    """Add those of the next messages that are missing. Returns whether there may be more."""
    place = _lock_place(tx)
    until = ids.first_id_at((clock.now() if now is None else now) - OVERLAP_MS)
    next_ids = select(_messages.id).where(_messages.id > place, _messages.id < until).order_by(_messages.id)
    found = tx.execute(next_ids.limit(CHUNK_ROWS)).scalars().all()
    if not found:
        return False
    rows = [
        {"user_id": row.user_id, "message_id": row.id, "room_id": row.room_id, "folded": fold(row.text)}
        for row in tx.execute(_missing(place, found[-1]))
    ]
    if rows:
        tx.execute(_INSERT, rows)
    upsert(tx, models.indexing, {"id": _ONLY_ROW, "place": found[-1]}, lambda new: {"place": new.place})
    return len(found) == CHUNK_ROWS


def _lock_place(tx: Connection) -> int:
    """The newest message that has been checked. Locked, so that of several processes one checks at a time."""
    place = select(models.indexing.c.place).where(models.indexing.c.id == _ONLY_ROW)
    return tx.execute(place.with_for_update()).scalar_one_or_none() or 0


def _missing(place: int, last: int) -> Select[Any]:
    """The texts after `place` up to `last`, for each user of their rooms who cannot find them and is not deleted.

    Accounts and messages are locked FOR SHARE, so that a purge and the removal of a message begin after the commit.
    """
    key = (_texts.c.user_id == _members.user_id) & (_texts.c.message_id == _messages.id)
    return (
        select(_messages.id, _messages.room_id, _messages.text, _members.user_id)
        .select_from(models.messages)
        .join(models.members, _members.room_id == _messages.room_id)
        .join(models.people, models.people.c.id == _members.user_id)
        .outerjoin(_texts, key)
        .where(_messages.id > place, _messages.id <= last, _messages.text.is_not(None), _messages.removed.is_not(True))
        .where(_texts.c.user_id.is_(None), models.people.c.deleted == false())
        .with_for_update(read=True, of=[models.people, models.messages])
    )


def remove_some_of(tx: Connection, user_id: int, limit: int) -> bool:
    """Remove what a deleted account could search. Returns whether there may be more."""
    mine = _texts.c.user_id == user_id
    found = tx.execute(select(_texts.c.message_id).where(mine).limit(limit)).scalars().all()
    if found:
        tx.execute(delete(_texts).where(mine, _texts.c.message_id.in_(found)))
    return len(found) == limit
