"""What dm hears, and what it then does: the whole of its withdrawal policy.

Somebody who withdraws has no name here from the transaction on that hears of it, and can say nothing more. The
other one keeps the room, every message and the photos in them. A worker then removes the uploads that were never
sent and the answers kept for repeated requests, and tells auth; one more sweep follows when their last token has
expired. Should the fact never arrive, `reconcile` finds it missing in auth's list.
"""

from anyio import CapacityLimiter
from pydantic import BaseModel
from sqlalchemy import Connection

from shared import clock, ids, metrics
from shared.background import to_end
from shared.database import Database
from shared.events.envelope import Event
from shared.events.inbox import Handler
from shared.ids import Id

from . import queries
from .actions import people, withdrawals
from .neighbours import Auth

OVERLAP = 10 * clock.MINUTE
"""How far back the list is read again: entries are committed in another order than their ids were made."""


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
    if not withdrawals.bury(tx, user.user_id):
        withdrawals.report_again(tx, user.user_id)


async def reconcile(database: Database, auth: Auth) -> bool:
    """Bury whoever is in auth's list of withdrawals and not buried here. Nothing more to do until the next round."""
    thread = CapacityLimiter(1)
    place = await to_end(database.read, queries.place_in_withdrawals, limiter=thread)
    after: int | None = max(place - (OVERLAP << ids.RANDOM_BITS), 0)
    while after is not None:
        part = await auth.withdrawals(after)
        user_ids = [each.user_id for each in part.items]
        place = max([place, *(each.id for each in part.items)])
        missed = await to_end(database.write, withdrawals.catch_up, user_ids, place, limiter=thread)
        metrics.RECONCILED.labels("dm").inc(missed)
        after = part.next
    return False


HANDLERS: dict[str, Handler] = {
    "user.registered.v1": on_user_changed,
    "user.updated.v1": on_user_changed,
    "user.deleted.v1": on_user_deleted,
}
