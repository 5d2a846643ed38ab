"""Tables of dm: rooms of two users, messages and photos in them, and copies of users."""

from sqlalchemy import JSON, Boolean, CheckConstraint, Column, Index, Integer, MetaData, String, Table

from shared.database.statements import BigInt, CaseSensitiveString, LongCaseSensitiveText
from shared.events.inbox import inbox_table
from shared.events.outbox import outbox_table
from shared.files.garbage import garbage_table
from shared.idempotency import idempotency_table
from shared.replication.pairs import pair_table
from shared.replication.projections import projection_table
from shared.replication.purge import purge_table
from shared.replication.reconcile import checkpoint_table

metadata = MetaData()

people = projection_table(
    "people",
    metadata,
    [
        Column("nickname", CaseSensitiveString(30)),
        Column("name", CaseSensitiveString(60)),
        Column("avatar_url", String(255)),
    ],
)

restrictions = pair_table("restrictions", metadata, ("person_id", "other_id"), ("blocking",))

rooms = Table(
    "rooms",
    metadata,
    Column("id", BigInt, primary_key=True, autoincrement=False),
    Column("low_id", BigInt, nullable=False),
    Column("high_id", BigInt, nullable=False),
    Column("last_id", BigInt, nullable=False),  # the id of its newest message, or of the room if there is none
    Column("created_at", BigInt, nullable=False),
    Index("rooms_of_two", "low_id", "high_id", unique=True),
)

members = Table(  # one row for each user of a room
    "members",
    metadata,
    Column("room_id", BigInt, primary_key=True, autoincrement=False),
    Column("user_id", BigInt, primary_key=True, autoincrement=False),
    Column("peer_id", BigInt, nullable=False),
    Column("last_id", BigInt, nullable=False),  # as in rooms, repeated so that one index lists a user's rooms
    Column("read_id", BigInt, nullable=False),  # the newest message that the user has read
    Column("unread_count", Integer, nullable=False),
    Column("muted", Boolean, nullable=False),
    Column("hidden", Boolean, nullable=False),  # until there is a new message
    Column("requested", Boolean, nullable=False),  # the other user began, and this one has not accepted
    Column("request_version", Integer, nullable=False),  # how often the request has changed, 0 before its first message
    # With `hidden`, so that hidden rooms are left out in the index alone.
    Index("members_by_state", "user_id", "requested", "last_id", "room_id", "hidden"),
)

message_settings = Table(  # no row: everyone
    "message_settings",
    metadata,
    Column("user_id", BigInt, primary_key=True, autoincrement=False),
    Column("senders", String(10), nullable=False),  # who may begin a conversation with the user
)

messages = Table(
    "messages",
    metadata,
    Column("id", BigInt, primary_key=True, autoincrement=False),
    Column("room_id", BigInt, nullable=False),
    Column("sender_id", BigInt, nullable=False),
    Column("text", CaseSensitiveString(2000)),
    Column("media_id", BigInt),
    Column("post_id", BigInt),
    Column("reply_to", BigInt),
    Column("created_at", BigInt, nullable=False),
    # True: a moderator has removed it; its text is empty then, so that the former release shows it, and has no photo.
    Column("removed", Boolean),
    CheckConstraint(
        "(text IS NOT NULL) + (media_id IS NOT NULL) + (post_id IS NOT NULL) = 1", name="messages_say_one_thing"
    ),
    # With the sender, so that unread messages are counted in the index alone.
    Index("messages_by_room", "room_id", "id", "sender_id"),
)

searched_texts = Table(  # the texts in a user's rooms as searches compare them: a user's rows are one range, by time
    "searched_texts",
    metadata,
    Column("user_id", BigInt, primary_key=True, autoincrement=False),
    Column("message_id", BigInt, primary_key=True, autoincrement=False),
    Column("room_id", BigInt, nullable=False),
    Column("folded", LongCaseSensitiveText, nullable=False),
    sqlite_with_rowid=False,
)

indexing = checkpoint_table("indexing", metadata)  # the newest message that is certainly in `searched_texts`

media = Table(
    "media",
    metadata,
    Column("id", BigInt, primary_key=True, autoincrement=False),
    Column("room_id", BigInt, nullable=False),
    Column("uploader_id", BigInt, nullable=False),
    Column("file", String(32), nullable=False),  # the common part of its files' names
    Column("content_type", String(40), nullable=False),
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    Column("blurhash", String(120), nullable=False),
    Column("alt", CaseSensitiveString(1000)),
    Column("created_at", BigInt, nullable=False),
    Column("sent", Boolean, nullable=False),
    Column("camera_info", JSON(none_as_null=True)),  # how it was taken, if its uploader asked to keep it
    Column("has_variants", Boolean),  # not true: it has only the files display.jpg and thumbnail.jpg
    Column("missing", Boolean),  # true: all its files are lost (check-media)
    Index("media_by_age", "sent", "created_at"),
    Index("media_by_uploader", "uploader_id", "sent", "id"),
)

purges = purge_table("purges", metadata, "user_id")
reconciliation = checkpoint_table("reconciliation", metadata)

disposal = garbage_table(metadata)
outbox = outbox_table(metadata)
inbox = inbox_table(metadata)
idempotency_keys = idempotency_table(metadata)
