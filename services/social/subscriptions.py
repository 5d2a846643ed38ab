"""Events that social consumes, and what it does about them: this is its policy for deleted accounts.

When auth publishes that an account is deleted, the copy of the user becomes a tombstone in the same transaction, so
the user is hidden at once. A worker then removes what `actions/withdrawals.py` lists: the user's edges in both
directions, with the counts of the others. It reports to auth when nothing is left, and looks once more when the user's
last access token has expired. If the event never arrives, the reconciliation with auth's list finds the user.

A suspended account is a version like any other: the copy is hidden, keeps its edges, and is shown again by the version
that reinstates it. Meanwhile the edges are left out of the counts of others, by a worker (`actions/suspensions.py`).
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
