"""Events that auth consumes, and what it does about them."""

from pydantic import BaseModel
from sqlalchemy import Connection

from shared.events.envelope import Event
from shared.events.inbox import Handler
from shared.ids import Id

from .actions import withdrawals
from .actions.restrictions import RESTRICTIONS


class UserPurged(BaseModel):
    user_id: Id
    service: str


def on_user_purged(tx: Connection, event: Event) -> None:
    """Record it; once all services have reported, the withdrawal is complete."""
    purged = UserPurged.model_validate(event.data)
    withdrawals.record_purge(tx, purged.user_id, purged.service)


HANDLERS: dict[str, Handler] = {"user.purged.v1": on_user_purged, "user.restricted.v1": RESTRICTIONS.on_changed}
