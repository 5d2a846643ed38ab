"""Rooms: every acknowledged message is unchanged, also those of deleted users."""

from collections import Counter, defaultdict
from collections.abc import Iterator

from sqlalchemy import select

from chaos.checks.context import COUNTERS, DOUBLED, LOST, ORPHANED, WRONG, CheckContext, Difference, each, repeated
from chaos.history import ACKED, REFUSED
from services.dm import models as dm
from shared import ids


def said(context: CheckContext) -> Iterator[Difference]:
    """Every acknowledged message once, in its room, from its sender, unchanged; and no refused one."""
    rows = {row.id: row for row in context.rows("dm", select(dm.messages).where(dm.messages.c.text.is_not(None)))}
    yield from each(DOUBLED, "message", repeated(row.text for row in rows.values()))
    texts = {row.text for row in rows.values()}
    for message in [thing for thing in list(context.history.written) if thing.kind == "message"]:
        if message.outcome is ACKED:
            row = rows.get(ids.parse(message.id))
            wanted = ids.parse(message.place), ids.parse(message.author.id), message.text
            if row is None or (row.room_id, row.sender_id, row.text) != wanted:
                yield Difference(LOST, f"message {message.id} in room {message.place}")
        elif message.outcome is REFUSED and message.text in texts:
            yield Difference(WRONG, f"a refused message is there: {message.text}")
    known = {message.text for message in list(context.history.written)}
    yield from each(WRONG, "a message that nobody sent", texts - known)


def shown(context: CheckContext) -> Iterator[Difference]:
    """Every acknowledged photo once, in its room, from its sender."""
    rows = {row.id: row for row in context.rows("dm", select(dm.messages).where(dm.messages.c.media_id.is_not(None)))}
    yield from each(DOUBLED, "photo in a room", repeated(row.media_id for row in rows.values()))
    for photo in [thing for thing in list(context.history.written) if thing.kind == "photo" and thing.outcome is ACKED]:
        row = rows.get(ids.parse(photo.id))
        wanted = ids.parse(photo.place), ids.parse(photo.author.id), ids.parse(photo.text)
        if row is None or (row.room_id, row.sender_id, row.media_id) != wanted:
            yield Difference(LOST, f"photo {photo.id} in room {photo.place}")


def one_room_for_two(context: CheckContext) -> Iterator[Difference]:
    """Both users are members."""
    rooms = context.rows("dm", select(dm.rooms))
    yield from each(DOUBLED, "room", repeated((row.low_id, row.high_id) for row in rooms))
    pairs = {frozenset({ids.encode(row.low_id), ids.encode(row.high_id)}): ids.encode(row.id) for row in rooms}
    for pair, room in list(context.history.rooms.items()):
        if pairs.get(pair) != room:
            yield Difference(LOST, f"room {room}")
    members = Counter(row.room_id for row in context.rows("dm", select(dm.members)))
    yield from each(ORPHANED, "room without its two", [row.id for row in rooms if members[row.id] != 2])


def counted(context: CheckContext) -> Iterator[Difference]:
    """Unread counts and the newest message equal the rows."""
    by_room = defaultdict(list)
    for row in context.rows("dm", select(dm.messages.c.id, dm.messages.c.room_id, dm.messages.c.sender_id)):
        by_room[row.room_id].append(row)
    for member in context.rows("dm", select(dm.members)):
        there = by_room[member.room_id]
        unread = sum(row.id > member.read_id and row.sender_id == member.peer_id for row in there)
        newest = max((row.id for row in there), default=member.room_id)
        if (member.unread_count, member.last_id) != (unread, newest):
            found = member.unread_count, member.last_id
            yield Difference(COUNTERS, f"room {member.room_id} of {member.user_id}: {found}, rows {unread, newest}")


def finished(context: CheckContext) -> Iterator[Difference]:
    """No response is stored for a deleted user, and no text that they could search."""
    owners = {row.owner_id for row in context.rows("dm", select(dm.idempotency_keys.c.owner_id))}
    yield from each(ORPHANED, "answer kept for a withdrawn in dm", owners & context.gone)
    searchers = {row.user_id for row in context.rows("dm", select(dm.searched_texts.c.user_id).distinct())}
    yield from each(ORPHANED, "texts that a withdrawn searched in dm", searchers & context.gone)
