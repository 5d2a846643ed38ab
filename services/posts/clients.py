"""What posts reads from other services over HTTP."""

from shared.replication.source import RecordSource
from shared.security.service_calls import Neighbour


def users_of(auth: Neighbour) -> RecordSource:
    """Users, and the list of deleted accounts."""
    return RecordSource(auth, "/internal/people", "/internal/withdrawals", "user_id")
