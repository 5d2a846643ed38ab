"""Two scenarios without random faults: the broker is down for a while, and the broker never exists."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from chaos.checks import people
from chaos.checks.context import CheckContext, Difference
from chaos.checks.events import unpublished
from chaos.checks.suite import WITHOUT_EVENTS, missing_tombstones, run_checks
from chaos.cluster import Cluster
from chaos.history import ACKED, REFUSED, UNKNOWN, History
from chaos.mixed_scenario import quiet
from chaos.report import say
from chaos.traffic import Traffic

POLL_SECONDS = 0.25
QUIET_SECONDS = 900.0
"""In ten minutes without the broker thousands withdraw, of whom only auth knows: their purges begin at its return."""


@dataclass(frozen=True)
class Backlog:
    """The time from the first reconnection of a relay until the backlog was published."""

    facts: int
    seconds: float

    @property
    def rate(self) -> float:
        """Events per second."""
        return self.facts / self.seconds


@dataclass(frozen=True)
class BrokerOutage:
    """Observations during and after the outage."""

    seconds: float
    acknowledged: int
    refused: int
    unanswered: int
    backlog: int
    drained: Backlog
    differences: list[Difference]


def broker_away(cluster: Cluster, seed: int, seconds: float, threads: int) -> BrokerOutage:
    """Writes continue, the backlog drains afterwards, and nothing is missing then."""
    context, traffic = _with_traffic(cluster, seed, threads)
    cluster.broker.kill()
    counted = dict(context.history.requests)
    say(f"the broker is down for {seconds:.0f} s")
    time.sleep(seconds)
    traffic.stop()
    acknowledged, refused, unanswered = (
        context.history.requests[each] - counted.get(each, 0) for each in (ACKED, REFUSED, UNKNOWN)
    )
    backlog = unpublished(context)
    say(f"{backlog:,} facts wait; the broker comes back")
    cluster.broker.start()
    _until(cluster.broker.answers)
    _until(lambda: unpublished(context) < backlog)
    began, before = time.monotonic(), unpublished(context)
    _until(lambda: unpublished(context) <= backlog * 0.05)
    drained = Backlog(before - unpublished(context), time.monotonic() - began)
    quiet(context, QUIET_SECONDS, began)
    found = run_checks(context)
    return BrokerOutage(seconds, acknowledged, refused, unanswered, backlog, drained, found)


def never_there(cluster: Cluster, seed: int, seconds: float, threads: int) -> tuple[History, float, list[Difference]]:
    """Every service reads every withdrawal from auth's list, and purges."""
    context, traffic = _with_traffic(cluster, seed, threads)
    time.sleep(seconds)
    traffic.stop()
    say(f"{context.history.withdrawals} have withdrawn; no event was delivered")
    began = time.monotonic()
    _until(lambda: not missing_tombstones(context))
    return context.history, time.monotonic() - began, run_checks(context, (*WITHOUT_EVENTS, people.tombstones))


def _with_traffic(cluster: Cluster, seed: int, threads: int) -> tuple[CheckContext, Traffic]:
    history = History()
    traffic = Traffic(cluster.base_url, history, seed, threads)
    traffic.start()
    return CheckContext(history, cluster), traffic


def _until(holds: Callable[[], object], within: float = 600) -> None:
    ends = time.monotonic() + within
    while not holds() and time.monotonic() < ends:
        time.sleep(POLL_SECONDS)
