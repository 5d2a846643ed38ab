"""Tables of notifications: what users did that concerns others, the notifications of that, which browsers get them,
and copies of users.
"""

from sqlalchemy import JSON, Boolean, Column, Index, Integer, MetaData, String, Table, false, text

from shared.database.statements import BigInt, CaseSensitiveString, VarBinary
from shared.events.inbox import inbox_table
from shared.events.outbox import outbox_table
from shared.replication.pairs import pair_table
from shared.replication.projections import projection_table
from shared.replication.purge import purge_table
from shared.replication.reconcile import checkpoint_table
from shared.replication.recounting import recount_table

metadata = MetaData()

KINDS = ("follow", "like", "comment", "reply", "mention", "comment_like", "room_request", "moderation")
NO_SUBJECT = 0
"""The subject of follows: all of one recipient are one notification."""
NO_ACTOR = 0
"""The actor of what moderators do: nobody is named."""

# A transaction that changes causes or notifications of a user locks this row first. Several rows are locked by
# ascending id. A row of version 0 is of a user of whom no event has come yet.
people = projection_table(
    "people",
    metadata,
    [
        Column("nickname", CaseSensitiveString(30)),
        Column("name", CaseSensitiveString(60)),
        Column("avatar_url", String(255)),
    ],
    Column("uncounted", Boolean, nullable=False, server_default=false()),  # whether no notification shows what they did
    Column("last_id", BigInt, nullable=False, server_default=text("0")),  # the newest cause that concerns this user
    Column("read_id", BigInt, nullable=False, server_default=text("0")),  # notifications up to this position are read
)

restrictions = pair_table("restrictions", metadata, ("person_id", "other_id"), ("blocking", "muting"))

causes = Table(  # one row for what one user did to one subject, and whom it concerns
    "causes",
    metadata,
    Column("recipient_id", BigInt, primary_key=True, autoincrement=False),
    Column("kind", CaseSensitiveString(16), primary_key=True),
    Column("subject_id", BigInt, primary_key=True, autoincrement=False),  # a post, a comment, a room, or NO_SUBJECT
    Column("actor_id", BigInt, primary_key=True, autoincrement=False),  # or NO_ACTOR
    Column("id", BigInt, nullable=False),  # grows with each new cause of the recipient
    Column("version", BigInt, nullable=False),  # of the event: an older one changes nothing
    Column("active", Boolean, nullable=False),  # false: taken back; the row stays, as an older event may still come
    Column("shown", Boolean, nullable=False),  # active, and neither a suspension, a block nor a mute hides it
    Column("post_id", BigInt),  # if the subject is a comment: its post
    Index("causes_newest", "recipient_id", "kind", "subject_id", "shown", "id"),
    Index("causes_by_actor", "actor_id", "id"),
    Index("causes_by_pair", "actor_id", "recipient_id", "id"),
    Index("causes_by_subject", "subject_id"),
    Index("causes_by_post", "post_id"),
    Index("causes_by_age", "id"),
)

notifications = Table(  # one row for all shown causes of one kind and subject; none without any
    "notifications",
    metadata,
    Column("recipient_id", BigInt, primary_key=True, autoincrement=False),
    Column("kind", CaseSensitiveString(16), primary_key=True),
    Column("subject_id", BigInt, primary_key=True, autoincrement=False),
    Column("id", BigInt, nullable=False),  # of the cause with which it began
    Column("position", BigInt, nullable=False),  # of its newest shown cause
    Column("actor_count", Integer, nullable=False),
    Column("actors", JSON, nullable=False),  # the ids of the newest few, newest first
    Column("post_id", BigInt),
    Column("removed", JSON(none_as_null=True)),  # what a moderator removed: its kind and the reason
    Index("notifications_by_position", "recipient_id", "position"),
    Index("notifications_by_id", "recipient_id", "id"),
)

preferences = Table(  # which kinds a user wants; a kind without a row is wanted
    "preferences",
    metadata,
    Column("person_id", BigInt, primary_key=True, autoincrement=False),
    Column("kind", CaseSensitiveString(16), primary_key=True),
    Column("listed", Boolean, nullable=False),
    Column("pushed", Boolean, nullable=False),
)

push_subscriptions = Table(  # browsers that get notifications by Web Push
    "push_subscriptions",
    metadata,
    Column("id", BigInt, primary_key=True, autoincrement=False),
    Column("person_id", BigInt, nullable=False),
    Column("session_id", BigInt, nullable=False),  # in which it was last renewed; it ends with that
    Column("digest", VarBinary(32), nullable=False),  # SHA-256 of the endpoint
    Column("endpoint", CaseSensitiveString(1000), nullable=False),
    Column("p256dh", VarBinary(65), nullable=False),
    Column("auth", VarBinary(16), nullable=False),
    Column("created_at", BigInt, nullable=False),
    Column("renewed_at", BigInt, nullable=False),  # when the browser last sent it
    Column("sent_at", BigInt),  # when its push service last accepted a message
    Column("retry_at", BigInt, nullable=False),  # nothing is sent before that
    Column("failures", Integer, nullable=False),  # messages lost since then
    Index("push_subscriptions_by_digest", "digest", unique=True),
    Index("push_subscriptions_by_person", "person_id", "renewed_at"),
    Index("push_subscriptions_by_session", "session_id"),
    Index("push_subscriptions_by_age", "renewed_at"),
)

web_pushes = Table(  # queue: notifications that have to be pushed; what is sent is read when it is sent
    "web_pushes",
    metadata,
    Column("subscription_id", BigInt, primary_key=True, autoincrement=False),
    Column("notification_id", BigInt, primary_key=True, autoincrement=False),
    Column("position", BigInt, nullable=False),  # of the notification
    Column("created_at", BigInt, nullable=False),
    Column("due_at", BigInt, nullable=False),
    Column("attempts", Integer, nullable=False),
    Index("web_pushes_due", "due_at"),
)

reviews = Table(  # queue: pairs whose block or mute has changed; causes up to `after` are shown or hidden already
    "reviews",
    metadata,
    Column("recipient_id", BigInt, primary_key=True, autoincrement=False),
    Column("actor_id", BigInt, primary_key=True, autoincrement=False),
    Column("after", BigInt, nullable=False),
)

# Deleted posts and comments: a late event about them changes nothing, and a worker removes their causes.
removals = purge_table("removals", metadata, "subject_id")
Index("removals_by_age", removals.c.requested_at)

recounts = recount_table("recounts", metadata)
purges = purge_table("purges", metadata, "user_id")
reconciliation = checkpoint_table("reconciliation", metadata)

outbox = outbox_table(metadata)
inbox = inbox_table(metadata)
