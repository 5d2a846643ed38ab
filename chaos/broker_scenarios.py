"""Two runs without chance: the broker away for a while, and the broker never there."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from chaos.checks import people
from chaos.checks.context import Difference, Ledger
from chaos.checks.events import unpublished
from chaos.checks.suite import OWN, burials_left, verdict
from chaos.cluster import Cluster
from chaos.history import ACKED, REFUSED, UNKNOWN, History
from chaos.mixed_scenario import quiet
from chaos.report import say
from chaos.traffic import Traffic

LOOK_SECONDS = 0.25
QUIET_SECONDS = 900.0
"""In ten minutes without the broker thousands withdraw, of whom only auth knows: their purges begin at its return."""


@dataclass(frozen=True)
class Drained:
    """How much of the backlog was published in which time, once the first relay had found the broker again."""

    facts: int
    seconds: float

    @property
    def rate(self) -> float:
        """Facts in a second."""
        return self.facts / self.seconds


@dataclass(frozen=True)
class Away:
    """What was seen while the broker was away, and after."""

    seconds: float
    acknowledged: int
    refused: int
    unanswered: int
    backlog: int
    drained: Drained
    differences: list[Difference]


def broker_away(cluster: Cluster, seed: int, seconds: float, threads: int) -> Away:
    """Writes go on, the backlog drains after, and nothing is missing then."""
    ledger, traffic = _with_traffic(cluster, seed, threads)
    cluster.broker.container.kill()
    counted = dict(ledger.history.requests)
    say(f"the broker is away for {seconds:.0f} s")
    time.sleep(seconds)
    traffic.stop()
    acknowledged, refused, unanswered = (
        ledger.history.requests[each] - counted.get(each, 0) for each in (ACKED, REFUSED, UNKNOWN)
    )
    backlog = unpublished(ledger)
    say(f"{backlog:,} facts wait; the broker comes back")
    cluster.broker.container.start()
    _until(cluster.broker.answers)
    _until(lambda: unpublished(ledger) < backlog)
    began, before = time.monotonic(), unpublished(ledger)
    _until(lambda: unpublished(ledger) <= backlog * 0.05)
    drained = Drained(before - unpublished(ledger), time.monotonic() - began)
    quiet(ledger, QUIET_SECONDS, began)
    found = verdict(ledger)
    return Away(seconds, acknowledged, refused, unanswered, backlog, drained, found)


def never_there(cluster: Cluster, seed: int, seconds: float, threads: int) -> tuple[History, float, list[Difference]]:
    """Every service learns of every withdrawal from auth's list alone, and purges."""
    ledger, traffic = _with_traffic(cluster, seed, threads)
    time.sleep(seconds)
    traffic.stop()
    say(f"{ledger.history.withdrawals} have withdrawn; nobody was ever told")
    began = time.monotonic()
    _until(lambda: not burials_left(ledger))
    return ledger.history, time.monotonic() - began, verdict(ledger, (*OWN, people.burials))


def _with_traffic(cluster: Cluster, seed: int, threads: int) -> tuple[Ledger, Traffic]:
    history = History()
    traffic = Traffic(cluster.base_url, history, seed, threads)
    traffic.start()
    return Ledger(history, cluster), traffic


def _until(holds: Callable[[], object], within: float = 600) -> None:
    ends = time.monotonic() + within
    while not holds() and time.monotonic() < ends:
        time.sleep(LOOK_SECONDS)
