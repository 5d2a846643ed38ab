"""Events that social consumes, and what it does about them: this is its policy for deleted accounts.

When auth publishes that an account is deleted, the copy of the user becomes a tombstone in the same transaction, so
the user is hidden at once. A worker then removes what `actions/withdrawals.py` lists: the user's edges in both
directions, with the counts of the others. It reports to auth when nothing is left, and looks once more when the user's
last access token has expired. If the event never arrives, the reconciliation with auth's list finds the user.
"""

from shared.events.inbox import Handler
from shared.replication.replica import Replica

from .actions.people import PEOPLE
from .actions.withdrawals import WITHDRAWAL

USERS = Replica(PEOPLE, WITHDRAWAL)

HANDLERS: dict[str, Handler] = {
    "user.registered.v1": USERS.on_changed,
    "user.updated.v1": USERS.on_changed,
    "user.deleted.v1": USERS.on_deleted,
}
