"""What social reads from other services over HTTP."""

from shared.replication.source import RecordSource
from shared.security.service_calls import ServiceClient


def users_of(auth: ServiceClient) -> RecordSource:
    """Users, and the lists of deleted and of suspended accounts."""
    return RecordSource(auth, "/internal/people", "/internal/withdrawals", "user_id", "/internal/suspensions")
