"""Home feeds: above its watermark every timeline has exactly the posts that a search would find."""

from collections import defaultdict
from collections.abc import Iterator

from sqlalchemy import func, select

from chaos.checks.context import LOST, ORPHANED, CheckContext, Difference, each
from services.posts import models as posts


def pushed(context: CheckContext) -> Iterator[Difference]:
    """Own and followed posts of existing users; no rows of deleted users."""
    by_author = defaultdict(set)
    for post in context.rows("posts", select(posts.posts.c.id, posts.posts.c.author_id)):
        by_author[post.author_id].add(post.id)
    followed = defaultdict(set)
    for edge in context.rows("posts", select(posts.follows).where(posts.follows.c.following)):
        followed[edge.follower_id].add(edge.followee_id)
    there = defaultdict(set)
    for row in context.rows("posts", select(posts.timeline)):
        there[row.owner_id].add(row.post_id)
    for feed in context.rows("posts", select(posts.feeds).where(posts.feeds.c.owner_id.in_(context.living))):
        authors = {feed.owner_id, *followed[feed.owner_id]}
        wanted = {post for author in authors for post in by_author[author] if post > feed.floor}
        yield from each(LOST, f"post missing in the feed of {feed.owner_id}", wanted - there[feed.owner_id])
        extra = {post for post in there[feed.owner_id] - wanted if post > feed.floor}
        yield from each(ORPHANED, f"post in the feed of {feed.owner_id}", extra)
    yield from each(ORPHANED, "feed of a withdrawn", there.keys() & context.gone)


def waiting(context: CheckContext) -> int:
    """Posts in fan-out, and feeds in rebuild."""
    tables = (posts.pushes, posts.rebuilds)
    return sum(int(context.rows("posts", select(func.count()).select_from(table))[0][0]) for table in tables)
