"""The events that social publishes, each in the transaction that it reports."""

from sqlalchemy import Connection

from shared import ids
from shared.events.outbox import enqueue

from . import models

# Everything that the broker lets this service publish.
ANNOUNCES = ("user.followed.v1", "user.unfollowed.v1", "user.restricted.v1", "user.purged.v1")


def user_followed(tx: Connection, follower_id: int, followee_id: int, version: int) -> None:
    enqueue(tx, models.outbox, "user.followed", 1, _edge(follower_id, followee_id, version))


def user_unfollowed(tx: Connection, follower_id: int, followee_id: int, version: int) -> None:
    enqueue(tx, models.outbox, "user.unfollowed", 1, _edge(follower_id, followee_id, version))


def user_restricted(
    tx: Connection, person_id: int, other_id: int, version: int, *, blocking: bool, muting: bool
) -> None:
    """Whether the one blocks and mutes the other, from now on."""
    enqueue(tx, models.outbox, "user.restricted", 1, restriction(person_id, other_id, version, blocking, muting))


def restriction(person_id: int, other_id: int, version: int, blocking: bool, muting: bool) -> dict[str, str | int]:
    """What one blocks and mutes of another, for the other services."""
    return {
        "user_id": ids.encode(person_id),
        "other_id": ids.encode(other_id),
        "blocking": blocking,
        "muting": muting,
        "version": version,
    }


def user_purged(tx: Connection, user_id: int) -> None:
    """Nothing of a deleted account is left here."""
    enqueue(tx, models.outbox, "user.purged", 1, {"user_id": ids.encode(user_id), "service": "social"})


def _edge(follower_id: int, followee_id: int, version: int) -> dict[str, str | int]:
    return {
        "follower_id": ids.encode(follower_id),
        "followee_id": ids.encode(followee_id),
        "version": version,
    }
