"""What posts hears, and what it then does: the whole of its withdrawal policy, and who follows whom.

Somebody who withdraws is hidden in the transaction that hears of it, with everything they made. A worker then
removes it little by little: their posts with photos, likes and comments, their likes and comments elsewhere (a
comment that was answered is blanked), their follows; then it tells auth. One more sweep follows when their last
token has expired. Should the fact never arrive, comparing with auth's list finds it missing.
"""

from pydantic import BaseModel
from sqlalchemy import Connection

from shared.events.envelope import Event
from shared.events.inbox import Handler
from shared.ids import Id

from .actions import people
from .actions.feed import follows
from .actions.withdrawals import WITHDRAWAL


class UserChanged(BaseModel):
    """What others see of somebody, as it is in this version."""

    user_id: Id
    nickname: str
    name: str
    avatar_url: str | None
    version: int


class UserDeleted(BaseModel):
    """Somebody has withdrawn."""

    user_id: Id


class FollowChanged(BaseModel):
    """One follows another, or no longer does, as it is in this version."""

    follower_id: Id
    followee_id: Id
    version: int


def on_user_changed(tx: Connection, event: Event) -> None:
    """Keep their names."""
    user = UserChanged.model_validate(event.data)
    people.keep(tx, people.Person(user.user_id, user.nickname, user.name, user.avatar_url, user.version))


def on_user_deleted(tx: Connection, event: Event) -> None:
    """Hide them and begin to purge; or, where auth asks again, say again that it is done."""
    user = UserDeleted.model_validate(event.data)
    if not WITHDRAWAL.request(tx, user.user_id):
        WITHDRAWAL.announce_again(tx, user.user_id)


def on_user_followed(tx: Connection, event: Event) -> None:
    """Their feed shows the other's posts from now on."""
    edge = FollowChanged.model_validate(event.data)
    follows.note(tx, edge.follower_id, edge.followee_id, edge.version, following=True)


def on_user_unfollowed(tx: Connection, event: Event) -> None:
    """Their feed shows the other's posts no longer."""
    edge = FollowChanged.model_validate(event.data)
    follows.note(tx, edge.follower_id, edge.followee_id, edge.version, following=False)


HANDLERS: dict[str, Handler] = {
    "user.registered.v1": on_user_changed,
    "user.updated.v1": on_user_changed,
    "user.deleted.v1": on_user_deleted,
    "user.followed.v1": on_user_followed,
    "user.unfollowed.v1": on_user_unfollowed,
}
