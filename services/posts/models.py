"""Tables of posts: photos, posts, likes and comments with their counters, feeds, and queues of work."""

from sqlalchemy import JSON, Boolean, Column, Index, Integer, MetaData, String, Table

from shared.database.statements import BigInt, CaseSensitiveString
from shared.events.inbox import inbox_table
from shared.events.outbox import outbox_table
from shared.files.garbage import garbage_table
from shared.idempotency import idempotency_table
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

follows = Table(  # an edge that has ended keeps its row and version, so that an older event cannot restore it
    "follows",
    metadata,
    Column("follower_id", BigInt, primary_key=True, autoincrement=False),
    Column("followee_id", BigInt, primary_key=True, autoincrement=False),
    Column("version", BigInt, nullable=False),
    Column("following", Boolean, nullable=False),
    Index("follows_by_followee", "followee_id", "following", "follower_id"),  # fan-out reads nothing else
    Index("follows_by_follower", "follower_id", "following", "followee_id"),  # fan-in reads no edge that has ended
)

media = Table(  # uploads; deleted after a day without a post
    "media",
    metadata,
    Column("id", BigInt, primary_key=True, autoincrement=False),
    Column("owner_id", BigInt, nullable=False),
    Column("post_id", BigInt),
    Column("display", String(120), nullable=False),  # the files' names in storage
    Column("thumbnail", String(120), nullable=False),
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    Column("blurhash", String(120), nullable=False),
    Column("alt", CaseSensitiveString(1000)),
    Column("content_type", String(40), nullable=False),
    Column("created_at", BigInt, nullable=False),
    Index("media_by_owner", "owner_id", "id"),
    Index("media_by_post", "post_id", "created_at"),  # the photos of a post, and the oldest without one
)

posts = Table(
    "posts",
    metadata,
    Column("id", BigInt, primary_key=True, autoincrement=False),
    Column("author_id", BigInt, nullable=False),
    Column("caption", CaseSensitiveString(2200)),
    Column("media", JSON, nullable=False),  # the photos as JSON, so that reading a post needs no join
    Column("created_at", BigInt, nullable=False),
    Column("updated_at", BigInt, nullable=False),
    Index("posts_by_author", "author_id", "id"),
)

likes = Table(
    "likes",
    metadata,
    Column("person_id", BigInt, primary_key=True, autoincrement=False),
    Column("post_id", BigInt, primary_key=True, autoincrement=False),
    Column("id", BigInt, nullable=False),
    Index("likes_by_post", "post_id", "id"),
)

comments = Table(  # a deleted one that has replies stays, without author and text
    "comments",
    metadata,
    Column("id", BigInt, primary_key=True, autoincrement=False),
    Column("post_id", BigInt, nullable=False),
    Column("root_id", BigInt),  # the first comment of the thread; NULL for that one itself
    Column("parent_id", BigInt),  # the comment that this one replies to
    Column("author_id", BigInt),
    Column("text", CaseSensitiveString(1000)),
    Column("deleted", Boolean, nullable=False),
    Column("reply_count", Integer, nullable=False),  # not deleted: of a first comment in its thread, of a reply its own
    Column("created_at", BigInt, nullable=False),
    Column("updated_at", BigInt, nullable=False),
    Index("comments_by_thread", "post_id", "root_id", "id"),  # the first comments of a post, and each thread
    Index("comments_by_parent", "parent_id", "id"),
    Index("comments_by_author", "author_id", "id"),
)

blank_comments = Table(  # deleted comments without replies any more: they and the blank ones above are to be removed
    "blank_comments",
    metadata,
    Column("comment_id", BigInt, primary_key=True, autoincrement=False),
)

SHARDS = 8

tallies = Table(  # sharded counters by user: likes of a popular post do not wait for each other, and the sum is exact
    "tallies",
    metadata,
    Column("post_id", BigInt, primary_key=True, autoincrement=False),
    Column("slot", Integer, primary_key=True, autoincrement=False),
    Column("likes", Integer, nullable=False),
    Column("comments", Integer, nullable=False),
)

timeline = Table(  # the posts of feeds: the rows of one owner are adjacent, so a page of a feed is one range
    "timeline",
    metadata,
    Column("owner_id", BigInt, primary_key=True, autoincrement=False),
    Column("post_id", BigInt, primary_key=True, autoincrement=False),
    Index("timeline_by_post", "post_id"),
    sqlite_with_rowid=False,
)

NOTHING_PUSHED = 2**63 - 1

feeds = Table(  # of users who ever followed: posts newer than the watermark `floor` are in the timeline
    "feeds",
    metadata,
    Column("owner_id", BigInt, primary_key=True, autoincrement=False),
    Column("floor", BigInt, nullable=False),
)

rebuilds = Table(  # queue: feeds whose timeline is to be rewritten from posts and follows
    "rebuilds",
    metadata,
    Column("owner_id", BigInt, primary_key=True, autoincrement=False),
)

pushes = Table(  # queue: posts not yet in every timeline; `reached` followers have them, the last is `after`
    "pushes",
    metadata,
    Column("post_id", BigInt, primary_key=True, autoincrement=False),
    Column("author_id", BigInt, nullable=False),
    Column("after", BigInt, nullable=False),
    Column("reached", Integer, nullable=False),
    Index("pushes_by_reached", "reached", "post_id"),
)

popular = Table(  # authors whose posts are merged at reading; the other columns are the progress of backfilling
    "popular",
    metadata,
    Column("author_id", BigInt, primary_key=True, autoincrement=False),
    Column("filled_to", BigInt),
    Column("filled_at", BigInt),
)

removals = Table(  # queue: deleted posts whose likes, comments and timeline rows are still to be removed
    "removals",
    metadata,
    Column("post_id", BigInt, primary_key=True, autoincrement=False),
    Column("author_id", BigInt, nullable=False),
    Index("removals_by_author", "author_id"),
)

purges = purge_table("purges", metadata, "user_id")
reconciliation = checkpoint_table("reconciliation", metadata)

disposal = garbage_table(
    metadata,
    Column("post_id", BigInt),  # of files that an edit removed from the post; deleted at once with the post
    Index("disposal_by_post", "post_id"),
)
idempotency_keys = idempotency_table(metadata)
outbox = outbox_table(metadata)
inbox = inbox_table(metadata)
