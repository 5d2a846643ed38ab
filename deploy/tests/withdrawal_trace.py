"""When the trace of a deleted account is complete."""

from shared.service_list import PURGE_REPORTERS
from shared.testing.trace_receiver import TraceReceiver, unconnected

WITHDRAWAL = {
    ("gateway", "POST /api/v1/users/me/deletion"),
    ("gateway", "call auth"),
    ("gateway", "consume user.deleted.v1"),
    ("auth", "POST /api/v1/users/me/deletion"),
    ("auth", "transaction"),
    ("auth", "publish user.deleted.v1"),
    ("auth", "consume user.purged.v1"),
    *(
        (service, name)
        for service in PURGE_REPORTERS
        for name in ("consume user.deleted.v1", "transaction", "purge", "publish user.purged.v1")
    ),
}
"""The spans of the trace in which an account is deleted."""


def withdrawal_is_complete(receiver: TraceReceiver) -> bool:
    """Whether the only withdrawal so far was traced through all services."""
    first = receiver.named("gateway", "POST /api/v1/users/me/deletion")
    trace = receiver.trace(first[0].trace_id) if first else []
    reported = [each for each in trace if each.what == ("auth", "consume user.purged.v1")]
    return (
        {each.what for each in trace} >= WITHDRAWAL
        and len(reported) == len(PURGE_REPORTERS)
        and len(unconnected(trace)) == 1
    )
