"""Events that notifications consumes, and what it does about them: who is notified of what, and its policy for deleted
accounts.

Whom a comment concerns: the author of the comment that it answers (`reply`), else the author of the post (`comment`),
else those whom it mentions (`mention`); nobody twice. Nobody is notified of what they did themselves.

When auth publishes that an account is deleted, the copy of the user becomes a tombstone in the same transaction, and
the user is left out of all lists. A worker then removes what `actions/withdrawals.py` lists: the user's notifications
and settings, and what they did from the notifications of others. It reports to auth when nothing is left, and looks
once more when the user's last access token has expired. If the event never arrives, the reconciliation with auth's list
finds the user.

A suspended account is a version like any other: a worker takes what the user did out of the notifications of others,
and puts it back when the account is reinstated. It does the same for two users of whom one blocks the other, and for
what a muted user did.
"""

from typing import Literal

from pydantic import BaseModel
from sqlalchemy import Connection

from shared.events.envelope import Event
from shared.events.inbox import Handler
from shared.ids import Id
from shared.replication.replica import Replica

from . import models
from .actions import causes, push_subscriptions
from .actions.causes import Cause
from .actions.people import PEOPLE
from .actions.removals import REMOVAL
from .actions.restrictions import RESTRICTIONS
from .actions.withdrawals import WITHDRAWAL

USERS = Replica(PEOPLE, WITHDRAWAL)


class FollowChanged(BaseModel):
    """`version` grows with each follow and unfollow of the follower."""

    follower_id: Id
    followee_id: Id
    version: int


class PostLiked(BaseModel):
    post_id: Id
    author_id: Id
    person_id: Id
    liked: bool
    version: int


class CommentLiked(BaseModel):
    comment_id: Id
    post_id: Id
    author_id: Id
    person_id: Id
    liked: bool
    version: int


class PostWritten(BaseModel):
    post_id: Id
    author_id: Id
    mentioned_ids: list[Id]
    former_ids: list[Id]
    version: int


class CommentWritten(BaseModel):
    comment_id: Id
    post_id: Id
    post_author_id: Id
    author_id: Id
    parent_author_id: Id | None
    mentioned_ids: list[Id]
    former_ids: list[Id]
    version: int


class PostDeleted(BaseModel):
    post_id: Id


class CommentDeleted(BaseModel):
    comment_id: Id


class RoomRequested(BaseModel):
    room_id: Id
    sender_id: Id
    recipient_id: Id
    state: Literal["request", "accepted", "declined"]
    version: int


class SessionRevoked(BaseModel):
    session_id: Id


class RemovedSubject(BaseModel):
    kind: str
    id: Id


class ContentRemoved(BaseModel):
    subject: RemovedSubject
    user_id: Id
    reason: str | None = None


def on_user_followed(tx: Connection, event: Event) -> None:
    """Tell the followee."""
    _record_follow(tx, event, active=True)


def on_user_unfollowed(tx: Connection, event: Event) -> None:
    """Take that back."""
    _record_follow(tx, event, active=False)


def _record_follow(tx: Connection, event: Event, *, active: bool) -> None:
    edge = FollowChanged.model_validate(event.data)
    follow = Cause(edge.followee_id, "follow", models.NO_SUBJECT, edge.follower_id, edge.version, active)
    causes.record(tx, [follow])


def on_post_liked(tx: Connection, event: Event) -> None:
    """Tell the author of the post, or take that back."""
    like = PostLiked.model_validate(event.data)
    causes.record(tx, [Cause(like.author_id, "like", like.post_id, like.person_id, like.version, like.liked)])


def on_comment_liked(tx: Connection, event: Event) -> None:
    """Tell the author of the comment, or take that back."""
    like = CommentLiked.model_validate(event.data)
    subject = like.author_id, "comment_like", like.comment_id
    causes.record(tx, [Cause(*subject, like.person_id, like.version, like.liked, like.post_id)])


def on_post_written(tx: Connection, event: Event) -> None:
    """Tell those whom the caption mentions, and take back what it no longer says."""
    post = PostWritten.model_validate(event.data)
    mentioned = dict.fromkeys(post.former_ids, False) | dict.fromkeys(post.mentioned_ids, True)
    causes.record(
        tx,
        [
            Cause(each, "mention", post.post_id, post.author_id, post.version, active)
            for each, active in mentioned.items()
        ],
    )


def on_comment_written(tx: Connection, event: Event) -> None:
    """Tell those whom the comment concerns, and take back what it no longer says."""
    comment = CommentWritten.model_validate(event.data)
    found = dict.fromkeys(comment.former_ids, ("mention", False))
    found |= dict.fromkeys(comment.mentioned_ids, ("mention", True))
    found[comment.post_author_id] = "comment", True
    if comment.parent_author_id is not None:
        found[comment.parent_author_id] = "reply", True
    causes.record(
        tx,
        [
            Cause(each, kind, comment.comment_id, comment.author_id, comment.version, active, comment.post_id)
            for each, (kind, active) in found.items()
        ],
    )


def on_post_deleted(tx: Connection, event: Event) -> None:
    """Remove everything about the post and its comments."""
    REMOVAL.request(tx, PostDeleted.model_validate(event.data).post_id)


def on_comment_deleted(tx: Connection, event: Event) -> None:
    """Remove everything about the comment."""
    REMOVAL.request(tx, CommentDeleted.model_validate(event.data).comment_id)


def on_room_requested(tx: Connection, event: Event) -> None:
    """Tell the recipient, until they have answered."""
    asked = RoomRequested.model_validate(event.data)
    request = asked.recipient_id, "room_request", asked.room_id, asked.sender_id, asked.version
    causes.record(tx, [Cause(*request, active=asked.state == "request")])


def on_session_revoked(tx: Connection, event: Event) -> None:
    """Push nothing more to its browser."""
    push_subscriptions.end_session(tx, SessionRevoked.model_validate(event.data).session_id)


def on_content_removed(tx: Connection, event: Event) -> None:
    """Tell the author."""
    told = ContentRemoved.model_validate(event.data)
    if told.subject.kind in ("post", "comment", "message"):  # others may be added
        removed = {"kind": told.subject.kind, "reason": told.reason}
        causes.record_removal(tx, told.user_id, told.subject.id, removed)


HANDLERS: dict[str, Handler] = {
    "session.revoked.v1": on_session_revoked,
    "user.registered.v1": USERS.on_changed,
    "user.updated.v1": USERS.on_changed,
    "user.deleted.v1": USERS.on_deleted,
    "user.followed.v1": on_user_followed,
    "user.unfollowed.v1": on_user_unfollowed,
    "user.restricted.v1": RESTRICTIONS.on_changed,
    "post.liked.v1": on_post_liked,
    "post.written.v1": on_post_written,
    "post.deleted.v1": on_post_deleted,
    "comment.liked.v1": on_comment_liked,
    "comment.written.v1": on_comment_written,
    "comment.deleted.v1": on_comment_deleted,
    "room.requested.v1": on_room_requested,
    "content.removed.v1": on_content_removed,
}
