"""Tables of social: users with their counts, edges, restrictions, and the purges of deleted accounts."""

from sqlalchemy import Boolean, Column, Index, Integer, MetaData, String, Table, false, text

from shared.database.statements import BigInt, CaseSensitiveString
from shared.events.inbox import inbox_table
from shared.events.outbox import outbox_table
from shared.replication.projections import projection_table
from shared.replication.purge import purge_table
from shared.replication.reconcile import checkpoint_table
from shared.replication.recounting import recount_table

metadata = MetaData()

# Names are a copy of auth's; the counts are social's own. A transaction that changes edges of a user locks this
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
    Column("uncounted", Boolean, nullable=False, server_default=false()),  # whether the counts of others leave them out
    # Grows with each block, mute, and end of one, by this user.
    Column("restrictions_version", BigInt, nullable=False, server_default=text("0")),
)

follows = Table(  # descending ids are the newest first, in both directions
    "follows",
    metadata,
    Column("id", BigInt, primary_key=True, autoincrement=False),
    Column("follower_id", BigInt, nullable=False),
    Column("followee_id", BigInt, nullable=False),
    Column("created_at", BigInt, nullable=False),
    # true: the one has a suspended account, so the edge is not in the count of the other
    Column("uncounted_follower", Boolean),
    Column("uncounted_followee", Boolean),
    Index("follows_by_pair", "follower_id", "followee_id", unique=True),
    Index("follows_by_follower", "follower_id", "id"),
    Index("follows_by_followee", "followee_id", "id"),
)

restrictions = Table(  # what a user does not want to see of another, or lets them see: a block, a mute, or both
    "restrictions",
    metadata,
    Column("person_id", BigInt, primary_key=True, autoincrement=False),
    Column("other_id", BigInt, primary_key=True, autoincrement=False),
    Column("block_id", BigInt),  # descending ids are the newest first; NULL: not blocked
    Column("mute_id", BigInt),
    Index("restrictions_by_block", "person_id", "block_id"),
    Index("restrictions_by_mute", "person_id", "mute_id"),
    Index("restrictions_by_other", "other_id", "person_id"),
)

recounts = recount_table("recounts", metadata)
purges = purge_table("purges", metadata, "user_id")
reconciliation = checkpoint_table("reconciliation", metadata)

outbox = outbox_table(metadata)
inbox = inbox_table(metadata)
