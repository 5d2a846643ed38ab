"""Tables of social: users with their counts, edges, and the purges of deleted accounts."""

from sqlalchemy import Column, Index, Integer, MetaData, String, Table

from shared.database.statements import BigInt, CaseSensitiveString
from shared.events.inbox import inbox_table
from shared.events.outbox import outbox_table
from shared.replication.projections import projection_table
from shared.replication.purge import purge_table
from shared.replication.reconcile import checkpoint_table

metadata = MetaData()

# Names are a copy of auth's; the counts are social's own. Whoever changes edges of a user locks this
# row first, so one lock guards their tombstone, their counts and their edges. Several rows are locked by
# ascending id.
people = projection_table(
    "people",
    metadata,
    [
        Column("nickname", CaseSensitiveString(30)),
        Column("name", CaseSensitiveString(60)),
        Column("avatar_url", String(255)),
    ],
    Column("followers_count", Integer, nullable=False, default=0),
    Column("following_count", Integer, nullable=False, default=0),
    Column("following_version", BigInt, nullable=False, default=0),  # grows with each follow and unfollow by this user
)

follows = Table(  # descending ids are the newest first, in both directions
    "follows",
    metadata,
    Column("id", BigInt, primary_key=True, autoincrement=False),
    Column("follower_id", BigInt, nullable=False),
    Column("followee_id", BigInt, nullable=False),
    Column("created_at", BigInt, nullable=False),
    Index("follows_by_pair", "follower_id", "followee_id", unique=True),
    Index("follows_by_follower", "follower_id", "id"),
    Index("follows_by_followee", "followee_id", "id"),
)

purges = purge_table("purges", metadata, "user_id")
reconciliation = checkpoint_table("reconciliation", metadata)

outbox = outbox_table(metadata)
inbox = inbox_table(metadata)
