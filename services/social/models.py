"""The tables of social: people with their counts, who follows whom, and which withdrawals are being carried out."""

from sqlalchemy import Boolean, Column, Index, Integer, MetaData, String, Table

from shared.database.engine import Big, Exact
from shared.events.inbox import inbox_table
from shared.events.outbox import outbox_table

metadata = MetaData()

# Names are a copy of what auth says; the counts are social's own. Whoever changes edges of a person locks this
# row first, so one lock guards their tombstone, their counts and their edges. Several rows are locked by
# ascending id.
people = Table(
    "people",
    metadata,
    Column("id", Big, primary_key=True, autoincrement=False),
    Column("nickname", Exact(30)),
    Column("name", Exact(60)),
    Column("avatar_url", String(255)),
    Column("version", Integer, nullable=False),
    Column("deleted", Boolean, nullable=False),
    Column("followers_count", Integer, nullable=False, default=0),
    Column("following_count", Integer, nullable=False, default=0),
    Column("following_version", Big, nullable=False, default=0),  # grows with each follow and unfollow by them
)

follows = Table(  # newest first in both directions is by descending id
    "follows",
    metadata,
    Column("id", Big, primary_key=True, autoincrement=False),
    Column("follower_id", Big, nullable=False),
    Column("followee_id", Big, nullable=False),
    Column("created_at", Big, nullable=False),
    Index("follows_by_pair", "follower_id", "followee_id", unique=True),
    Index("follows_by_follower", "follower_id", "id"),
    Index("follows_by_followee", "followee_id", "id"),
)

"""Edges are being removed; none are left and a last sweep is to come; the last sweep has been."""

purges = Table(
    "purges",
    metadata,
    Column("user_id", Big, primary_key=True, autoincrement=False),
    Column("requested_at", Big, nullable=False),
    Column("sweep_at", Big),  # when to look next for what is left; none when it is over
    Column("state", String(8), nullable=False),
    Index("purges_due", "sweep_at"),
)

reconciliation = Table(  # one row: how far auth's list of withdrawals has been compared
    "reconciliation",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("place", Big, nullable=False),
)

outbox = outbox_table(metadata)
inbox = inbox_table(metadata)
