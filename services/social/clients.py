"""What social reads from other services over HTTP."""

from shared.replication.source import RecordSource
from shared.security.service_calls import ServiceClient


def users_of(auth: ServiceClient) -> RecordSource:
    """Users, and the list of deleted accounts."""
    return RecordSource(auth, "/internal/people", "/internal/withdrawals", "user_id")
