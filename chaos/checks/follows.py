"""Follows: as acknowledged, in social and in posts, with counts that equal the rows."""

from collections import Counter
from collections.abc import Iterator

from sqlalchemy import select

from chaos.checks.context import COUNTERS, LOST, ORPHANED, CheckContext, Difference, each
from chaos.history import ACKED
from services.posts import models as posts
from services.social import models as social
from shared import ids

Edge = tuple[int, int]


def edges(context: CheckContext) -> set[Edge]:
    """Of social."""
    return {(row.follower_id, row.followee_id) for row in context.rows("social", select(social.follows))}


def as_acknowledged(context: CheckContext) -> Iterator[Difference]:
    """Every edge between existing users is as in the last response; deleted users have none."""
    there, living, gone = edges(context), context.living, context.gone
    for (follower, followee), desired in list(context.history.follows.items()):
        edge = ids.parse(follower), ids.parse(followee)
        if desired.outcome is ACKED and set(edge) <= living and (edge in there) != desired.wanted:
            yield Difference(LOST, f"follow {edge} should be {desired.wanted}")
    yield from each(ORPHANED, "follow of a withdrawn", [edge for edge in there if set(edge) & gone])


def counts(context: CheckContext) -> Iterator[Difference]:
    """The counts of all users equal the rows."""
    there = edges(context)
    following = Counter(follower for follower, _ in there)
    followers = Counter(followee for _, followee in there)
    for row in context.rows("social", select(social.people)):
        counted = row.followers_count, row.following_count
        if counted != (followers[row.id], following[row.id]):
            yield Difference(COUNTERS, f"{row.id} counts {counted}, rows {followers[row.id], following[row.id]}")


def same_in_posts(context: CheckContext) -> Iterator[Difference]:
    """The copies in posts are equal."""
    rows = context.rows("posts", select(posts.follows))
    copied = {(row.follower_id, row.followee_id) for row in rows if row.following}
    kept = {(row.follower_id, row.followee_id) for row in rows}
    there = edges(context)
    yield from each(LOST, "follow missing in posts", there - copied)
    yield from each(LOST, "unfollow missing in posts", copied - there)
    yield from each(ORPHANED, "follow of a withdrawn in posts", [edge for edge in kept if set(edge) & context.gone])
