"""The events that posts publishes, each in the transaction that it reports."""

from collections.abc import Collection
from dataclasses import dataclass, field

from sqlalchemy import Connection

from shared import ids
from shared.events.outbox import enqueue

from . import models

# Everything that the broker lets this service publish.
ANNOUNCES = (
    "post.liked.v1",
    "post.written.v1",
    "post.deleted.v1",
    "comment.liked.v1",
    "comment.written.v1",
    "comment.deleted.v1",
    "user.purged.v1",
)


def user_purged(tx: Connection, user_id: int) -> None:
    """Nothing of a deleted account is left here."""
    enqueue(tx, models.outbox, "user.purged", 1, {"user_id": ids.encode(user_id), "service": "posts"})


@dataclass(frozen=True, slots=True)
class Mentioned:
    """Whom a text mentions, and whom it mentioned before it was changed, and no longer."""

    now: Collection[int] = field(default=())
    former: Collection[int] = field(default=())

    def __bool__(self) -> bool:
        return bool(self.now or self.former)


def post_liked(tx: Connection, post_id: int, author_id: int, person_id: int, version: int, *, liked: bool) -> None:
    """Whether the user likes the post, from now on."""
    named = {"post_id": ids.encode(post_id), "author_id": ids.encode(author_id), "person_id": ids.encode(person_id)}
    enqueue(tx, models.outbox, "post.liked", 1, {**named, "liked": liked, "version": version})


def post_written(tx: Connection, post_id: int, author_id: int, mentioned: Mentioned, version: int) -> None:
    """Whom the caption mentions, from now on."""
    named = {"post_id": ids.encode(post_id), "author_id": ids.encode(author_id)}
    enqueue(tx, models.outbox, "post.written", 1, {**named, **_mentioned(mentioned), "version": version})


def post_deleted(tx: Connection, post_id: int, author_id: int) -> None:
    enqueue(tx, models.outbox, "post.deleted", 1, {"post_id": ids.encode(post_id), "author_id": ids.encode(author_id)})


@dataclass(frozen=True, slots=True)
class CommentPlace:
    """A comment, and the authors whom it concerns."""

    comment_id: int
    post_id: int
    post_author_id: int
    author_id: int
    parent_author_id: int | None


def comment_written(tx: Connection, place: CommentPlace, mentioned: Mentioned, version: int) -> None:
    """A comment is there, or whom it mentions has changed."""
    named = {
        "comment_id": ids.encode(place.comment_id),
        "post_id": ids.encode(place.post_id),
        "post_author_id": ids.encode(place.post_author_id),
        "author_id": ids.encode(place.author_id),
        "parent_author_id": None if place.parent_author_id is None else ids.encode(place.parent_author_id),
    }
    enqueue(tx, models.outbox, "comment.written", 1, {**named, **_mentioned(mentioned), "version": version})


def comment_deleted(tx: Connection, comment_id: int, post_id: int) -> None:
    """Its author has deleted it."""
    enqueue(
        tx, models.outbox, "comment.deleted", 1, {"comment_id": ids.encode(comment_id), "post_id": ids.encode(post_id)}
    )


@dataclass(frozen=True, slots=True)
class LikedComment:
    """A comment that is liked."""

    comment_id: int
    post_id: int
    author_id: int


def comment_liked(tx: Connection, comment: LikedComment, person_id: int, version: int, *, liked: bool) -> None:
    """Whether the user likes the comment, from now on."""
    named = {
        "comment_id": ids.encode(comment.comment_id),
        "post_id": ids.encode(comment.post_id),
        "author_id": ids.encode(comment.author_id),
        "person_id": ids.encode(person_id),
    }
    enqueue(tx, models.outbox, "comment.liked", 1, {**named, "liked": liked, "version": version})


def _mentioned(mentioned: Mentioned) -> dict[str, list[str]]:
    return {
        "mentioned_ids": [ids.encode(each) for each in mentioned.now],
        "former_ids": [ids.encode(each) for each in mentioned.former],
    }
