"""Events that posts consumes, and what it does about them: its policy for deleted accounts, and who follows whom.

When auth publishes that an account is deleted, the copy of the user becomes a tombstone in the same transaction, so
the user and everything that they made are hidden at once. A worker then removes what `actions/withdrawals.py` lists:
their posts with photos, likes and comments; their likes of posts and of comments, and their comments elsewhere (one
with replies is blanked); their follows and their feed. It reports to auth when nothing is left, and looks once more
when the user's last access token has expired. If the event never arrives, the reconciliation with auth's list finds
the user.

A suspended account is a version like any other: the copy is hidden, keeps everything that it has made, and is shown
again by the version that reinstates it. Meanwhile likes and comments are left out of the counters, by a worker
(`actions/suspensions.py`).

A block hides what each of the two makes from the other, and a mute hides posts from the home feed. Both change the
edges between the two (`actions/feed/follows.py`); all other lists look them up.

What a moderator removes is deleted as its author would, in the transaction that marks the event as handled.
"""

from pydantic import BaseModel
from sqlalchemy import Connection

from shared.events.envelope import Event
from shared.events.inbox import Handler
from shared.ids import Id
from shared.replication.replica import Replica

from .actions import comments, posts
from .actions.feed import follows
from .actions.people import PEOPLE
from .actions.restrictions import RESTRICTIONS
from .actions.withdrawals import WITHDRAWAL

USERS = Replica(PEOPLE, WITHDRAWAL)


class FollowChanged(BaseModel):
    """`version` grows with each follow and unfollow of the follower."""

    follower_id: Id
    followee_id: Id
    version: int


def on_user_followed(tx: Connection, event: Event) -> None:
    """Show the followee's posts in the follower's feed from now on."""
    edge = FollowChanged.model_validate(event.data)
    follows.note(tx, edge.follower_id, edge.followee_id, edge.version, following=True)


def on_user_unfollowed(tx: Connection, event: Event) -> None:
    """Show the followee's posts in the follower's feed no longer."""
    edge = FollowChanged.model_validate(event.data)
    follows.note(tx, edge.follower_id, edge.followee_id, edge.version, following=False)


class RemovedSubject(BaseModel):
    kind: str
    id: Id


class ContentRemoved(BaseModel):
    subject: RemovedSubject


def on_content_removed(tx: Connection, event: Event) -> None:
    """Delete a post or a comment that a moderator has removed."""
    subject = ContentRemoved.model_validate(event.data).subject
    if subject.kind == "post":
        posts.remove(tx, subject.id)
    elif subject.kind == "comment":
        comments.remove(tx, subject.id)


HANDLERS: dict[str, Handler] = {
    "user.registered.v1": USERS.on_changed,
    "user.updated.v1": USERS.on_changed,
    "user.deleted.v1": USERS.on_deleted,
    "user.followed.v1": on_user_followed,
    "user.unfollowed.v1": on_user_unfollowed,
    "user.restricted.v1": RESTRICTIONS.on_changed,
    "content.removed.v1": on_content_removed,
}
