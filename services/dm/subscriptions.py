"""What dm hears, and what it then does: the whole of its withdrawal policy.

Somebody who withdraws has no name here from the transaction on that hears of it, and can say nothing more. The
other one keeps the room, every message and the photos in them. A worker then removes the uploads that were never
sent and the answers kept for repeated requests, and tells auth; one more sweep follows when their last token has
expired. Should the fact never arrive, comparing with auth's list finds it missing.
"""

from pydantic import BaseModel
from sqlalchemy import Connection

from shared.events.envelope import Event
from shared.events.inbox import Handler
from shared.ids import Id

from .actions import people
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


def on_user_changed(tx: Connection, event: Event) -> None:
    """Keep their names."""
    user = UserChanged.model_validate(event.data)
    people.keep(tx, people.Person(user.user_id, user.nickname, user.name, user.avatar_url, user.version))


def on_user_deleted(tx: Connection, event: Event) -> None:
    """Forget their names and begin to purge; or, where auth asks again, say again that it is done."""
    user = UserDeleted.model_validate(event.data)
    if not WITHDRAWAL.request(tx, user.user_id):
        WITHDRAWAL.announce_again(tx, user.user_id)


HANDLERS: dict[str, Handler] = {
    "user.registered.v1": on_user_changed,
    "user.updated.v1": on_user_changed,
    "user.deleted.v1": on_user_deleted,
}
