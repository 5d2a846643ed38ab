"""What posts reads from other services over HTTP."""

from shared.replication.pair_reconcile import PairSource
from shared.replication.source import RecordSource
from shared.security.service_calls import ServiceClient


def users_of(auth: ServiceClient) -> RecordSource:
    """Users, and the lists of deleted and of suspended accounts."""
    return RecordSource(auth, "/internal/people", "/internal/withdrawals", "user_id", "/internal/suspensions")


def restrictions_of(social: ServiceClient) -> PairSource:
    """The list of who blocks and mutes whom."""
    return PairSource(social, "/internal/restrictions")
