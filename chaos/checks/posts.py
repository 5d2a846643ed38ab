"""Posts, likes and comments: acknowledged ones of existing users exist once, and no row has a dangling reference."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Row, select

from chaos.checks.context import COUNTERS, DOUBLED, LOST, ORPHANED, UNFINISHED, CheckContext, Difference, each, repeated
from chaos.history import ACKED, Written
from services.posts import models as posts
from shared import ids


def _all(context: CheckContext, table: Any) -> list[Row[Any]]:
    return context.rows("posts", select(table))


def _acknowledged(context: CheckContext, kind: str) -> Iterator[Written]:
    return (each for each in list(context.history.written) if each.kind == kind and each.outcome is ACKED)


def published(context: CheckContext) -> Iterator[Difference]:
    """Every post of an existing user, once; no posts and photos of deleted users."""
    rows = {row.id: row for row in _all(context, posts.posts)}
    yield from each(DOUBLED, "post", repeated(row.caption for row in rows.values()))
    yield from each(ORPHANED, "post of a withdrawn", [row.id for row in rows.values() if row.author_id in context.gone])
    for post in _acknowledged(context, "post"):
        row = rows.get(ids.parse(post.id))
        if post.author.living and (row is None or row.caption != post.text):
            yield Difference(LOST, f"post {post.id} of {post.author.mark}")
    media = _all(context, posts.media)
    yield from each(ORPHANED, "photo of a withdrawn", [row.id for row in media if row.owner_id in context.gone])
    lone = [row.id for row in media if row.post_id is not None and row.post_id not in rows]
    yield from each(ORPHANED, "photo without its post", lone)


def liked(context: CheckContext) -> Iterator[Difference]:
    """Every like of an existing user for an existing post; none of deleted users."""
    rows = {(row.person_id, row.post_id) for row in _all(context, posts.likes)}
    there = {row.id for row in _all(context, posts.posts)}
    for (person, post), desired in list(context.history.likes.items()):
        like = ids.parse(person), ids.parse(post)
        may_be = like[0] in context.living and like[1] in there
        if desired.outcome is ACKED and may_be and (like in rows) != desired.wanted:
            yield Difference(LOST, f"like {like} should be {desired.wanted}")
    yield from each(ORPHANED, "like by a withdrawn", [like for like in rows if like[0] in context.gone])
    yield from each(ORPHANED, "like of no post", [like for like in rows if like[1] not in there])


def commented(context: CheckContext) -> Iterator[Difference]:
    """Every comment of an existing user on an existing post, once; no text of deleted users."""
    rows = {row.id: row for row in _all(context, posts.comments)}
    there = {row.id for row in _all(context, posts.posts)}
    yield from each(DOUBLED, "comment", repeated(row.text for row in rows.values() if row.text is not None))
    for comment in _acknowledged(context, "comment"):
        row = rows.get(ids.parse(comment.id))
        may_be = comment.author.living and ids.parse(comment.place) in there
        if may_be and (row is None or row.text != comment.text):
            yield Difference(LOST, f"comment {comment.id} of {comment.author.mark}")
    by_gone = [row.id for row in rows.values() if row.author_id in context.gone]
    yield from each(ORPHANED, "comment of a withdrawn", by_gone)
    yield from each(ORPHANED, "comment on no post", [row.id for row in rows.values() if row.post_id not in there])
    above = [row.id for row in rows.values() if row.parent_id is not None and row.parent_id not in rows]
    yield from each(ORPHANED, "reply to no comment", above)
    answered = {row.parent_id for row in rows.values()}
    blank = [row.id for row in rows.values() if row.deleted and row.id not in answered]
    yield from each(ORPHANED, "blank comment without a reply", blank)


def counted(context: CheckContext) -> Iterator[Difference]:
    """Likes and comments of each post, and replies of each comment, equal the rows."""
    likes = Counter(row.post_id for row in _all(context, posts.likes))
    rows = _all(context, posts.comments)
    alive = [row for row in rows if not row.deleted]
    comments = Counter(row.post_id for row in alive)
    there = {row.id for row in _all(context, posts.posts)}
    kept: dict[int, list[int]] = {post: [0, 0] for post in there}
    for row in _all(context, posts.tallies):
        if row.post_id not in there:
            yield Difference(ORPHANED, f"tally of no post: {row.post_id}")
            continue
        kept[row.post_id][0] += row.likes
        kept[row.post_id][1] += row.comments
    for post, (liked_, commented_) in kept.items():
        if (liked_, commented_) != (likes[post], comments[post]):
            yield Difference(COUNTERS, f"post {post}: {liked_, commented_}, rows {likes[post], comments[post]}")
    threads = Counter(row.root_id for row in alive if row.root_id is not None)
    answers = Counter(row.parent_id for row in alive if row.parent_id is not None)
    for row in rows:
        replies = threads[row.id] if row.root_id is None else answers[row.id]
        if row.reply_count != replies:
            yield Difference(COUNTERS, f"comment {row.id}: {row.reply_count} replies, rows {replies}")


def finished(context: CheckContext) -> Iterator[Difference]:
    """No cleanup is left, and no response is stored for a deleted user."""
    yield from each(UNFINISHED, "removal of a post", [row.post_id for row in _all(context, posts.removals)])
    owners = {row.owner_id for row in context.rows("posts", select(posts.idempotency_keys.c.owner_id))}
    yield from each(ORPHANED, "answer kept for a withdrawn", owners & context.gone)
