"""Tables of posts: photos, posts, likes and comments with their counters, feeds, and queues of work."""

from sqlalchemy import JSON, Boolean, Column, Index, Integer, MetaData, String, Table, false

from shared.database.statements import BigInt, CaseSensitiveString
from shared.events.inbox import inbox_table
from shared.events.outbox import outbox_table
from shared.files.garbage import garbage_table
from shared.idempotency import idempotency_table
from shared.replication.pairs import pair_table
from shared.replication.projections import projection_table
from shared.replication.purge import purge_table
from shared.replication.reconcile import checkpoint_table
from shared.replication.recounting import recount_table

metadata = MetaData()

people = projection_table(
    "people",
    metadata,
    [
        Column("nickname", CaseSensitiveString(30)),
        Column("name", CaseSensitiveString(60)),
        Column("avatar_url", String(255)),
    ],
    Column("uncounted", Boolean, nullable=False, server_default=false()),  # whether counters leave out what they made
)

Index("people_by_nickname", people.c.nickname)  # mentions are resolved by it

# `following`: the feed of the one shows the posts of the other. An edge that has ended keeps its row and version, so
# that an older event cannot restore it.
follows = Table(
    "follows",
    metadata,
    Column("follower_id", BigInt, primary_key=True, autoincrement=False),
    Column("followee_id", BigInt, primary_key=True, autoincrement=False),
    Column("version", BigInt, nullable=False),
    Column("following", Boolean, nullable=False),
    Column("hidden_version", BigInt),  # equal to `version`: there is a follow, but a mute or a block hides the posts
    Index("follows_by_followee", "followee_id", "following", "follower_id"),  # fan-out reads nothing else
    Index("follows_by_follower", "follower_id", "following", "followee_id"),  # fan-in reads no edge that has ended
)

restrictions = pair_table("restrictions", metadata, ("person_id", "other_id"), ("blocking", "muting"))

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
    Column("variants", String(32)),  # the common part of the names of all its files; NULL: it has only the two above
    Column("camera_info", JSON(none_as_null=True)),  # how it was taken, if its owner asked to keep it
    Column("missing", Boolean),  # true: all its files are lost (check-media)
    Column("created_at", BigInt, nullable=False),
    Column("stored_bytes", BigInt),  # of all its files; NULL: of a release that did not count them
    Index("media_by_owner", "owner_id", "id"),
    Index("media_by_size", "owner_id", "stored_bytes"),  # the sum of an owner reads nothing else
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
    Column("tags", CaseSensitiveString(1600)),  # of the caption, separated by blanks; NULL: none
    Column("names", CaseSensitiveString(640)),  # what is mentioned in the caption, as written; NULL: nothing
    Index("posts_by_author", "author_id", "id"),
)

post_tags = Table(  # the posts of a tag are adjacent, so a page of them is one range
    "post_tags",
    metadata,
    Column("tag", CaseSensitiveString(50), primary_key=True),
    Column("post_id", BigInt, primary_key=True, autoincrement=False),
    Column("slot", Integer, nullable=False),  # the shard in which its author counts
    Column("uncounted", Boolean),  # true: of a suspended account, not in the counters
    Index("post_tags_by_post", "post_id"),
)

tag_counters = Table(  # sharded as `tallies`; rows of zero are removed
    "tag_counters",
    metadata,
    Column("tag", CaseSensitiveString(50), primary_key=True),
    Column("slot", Integer, primary_key=True, autoincrement=False),
    Column("posts", Integer, nullable=False),
)

post_mentions = Table(  # who is mentioned in a caption: a later change of the nickname changes nothing
    "post_mentions",
    metadata,
    Column("post_id", BigInt, primary_key=True, autoincrement=False),
    Column("person_id", BigInt, primary_key=True, autoincrement=False),
    Column("name", CaseSensitiveString(30), nullable=False),  # the nickname then
    Column("position", Integer, nullable=False),
    Index("post_mentions_by_person", "person_id", "post_id"),
)

likes = Table(
    "likes",
    metadata,
    Column("person_id", BigInt, primary_key=True, autoincrement=False),
    Column("post_id", BigInt, primary_key=True, autoincrement=False),
    Column("id", BigInt, nullable=False),
    Column("uncounted", Boolean),  # true: of a suspended account, not in the counters
    Index("likes_by_post", "post_id", "id"),
)

saves = Table(  # posts that users keep for themselves: nobody else sees that they do
    "saves",
    metadata,
    Column("person_id", BigInt, primary_key=True, autoincrement=False),
    Column("post_id", BigInt, primary_key=True, autoincrement=False),
    Column("id", BigInt, nullable=False),
    Index("saves_by_person", "person_id", "id"),
    Index("saves_by_post", "post_id"),
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
    Column("uncounted", Boolean),  # true: of a suspended account, in no counter and no `reply_count`
    Column("names", CaseSensitiveString(640)),  # what is mentioned, as written; NULL: nothing
    Index("comments_by_thread", "post_id", "root_id", "id"),  # the first comments of a post, and each thread
    Index("comments_by_parent", "parent_id", "id"),
    Index("comments_by_author", "author_id", "id"),
)

blank_comments = Table(  # deleted comments without replies any more: they and the blank ones above are to be removed
    "blank_comments",
    metadata,
    Column("comment_id", BigInt, primary_key=True, autoincrement=False),
)

comment_mentions = Table(
    "comment_mentions",
    metadata,
    Column("comment_id", BigInt, primary_key=True, autoincrement=False),
    Column("person_id", BigInt, primary_key=True, autoincrement=False),
    Column("name", CaseSensitiveString(30), nullable=False),
    Column("position", Integer, nullable=False),
    Index("comment_mentions_by_person", "person_id", "comment_id"),
)

comment_likes = Table(
    "comment_likes",
    metadata,
    Column("person_id", BigInt, primary_key=True, autoincrement=False),
    Column("comment_id", BigInt, primary_key=True, autoincrement=False),
    Column("id", BigInt, nullable=False),
    Column("uncounted", Boolean),  # true: of a suspended account, not in the counters
    Index("comment_likes_by_comment", "comment_id", "id"),
)

comment_removals = Table(  # queue: deleted comments whose likes and counters are still to be removed
    "comment_removals",
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

comment_counters = Table(  # the same for likes of comments; a comment that was never liked has no row
    "comment_counters",
    metadata,
    Column("comment_id", BigInt, primary_key=True, autoincrement=False),
    Column("slot", Integer, primary_key=True, autoincrement=False),
    Column("likes", Integer, nullable=False),
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

recounts = recount_table("recounts", metadata)
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
