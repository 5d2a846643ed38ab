"""One of three nodes is killed under traffic: of the broker, or the primary of the databases."""

import time
from dataclasses import dataclass

from chaos.checks.context import WRONG, CheckContext, Difference
from chaos.checks.suite import run_checks
from chaos.cluster import Cluster
from chaos.containers import Servers
from chaos.history import ACKED, REFUSED, UNKNOWN, History, Outcome
from chaos.mixed_scenario import quiet
from chaos.report import say
from chaos.result import QUIET_SECONDS
from chaos.traffic import Traffic


@dataclass(frozen=True)
class NodeLoss:
    """What happened after the kill."""

    seconds: float
    """Of traffic, with two nodes."""
    requests: dict[Outcome, int]
    refused_seconds: float
    """From the kill to the end of the last request that was not answered because of it."""
    longest_pause_seconds: float
    """The longest time in which no message, post or comment was acknowledged."""
    quiet_after: float | None
    """With two nodes: every event was published and handled."""
    rejoined_after: float
    differences: list[Difference]


def node_killed(cluster: Cluster, servers: Servers, seed: int, seconds: float, threads: int) -> NodeLoss:
    """Traffic before and after the kill; the checks while the node is away, and again when it is back."""
    history = History()
    context, traffic = CheckContext(history, cluster), Traffic(cluster.base_url, history, seed, threads)
    traffic.start()
    time.sleep(seconds / 2)
    before, at = dict(history.requests), time.time()
    servers.kill()
    say(f"one of three is away; {sum(before.values()):,} requests so far")
    time.sleep(seconds)
    traffic.stop()
    failures = [each for each in history.failures if each.ended >= at]
    for each in failures[:10]:
        say(f"after {each.ended - at:.1f} s: {each.what}")
    quiet_after = quiet(context, QUIET_SECONDS, time.monotonic())
    differences = run_checks(context)
    if quiet_after is None:
        differences.append(Difference(WRONG, "background work does not end with two nodes"))
    began = time.monotonic()
    servers.start()
    rejoined_after = time.monotonic() - began
    if quiet(context, QUIET_SECONDS, began) is None:
        differences.append(Difference(WRONG, "background work does not end with the node that came back"))
    return NodeLoss(
        seconds=seconds,
        requests={each: history.requests[each] - before.get(each, 0) for each in (ACKED, REFUSED, UNKNOWN)},
        refused_seconds=max((each.ended - at for each in failures), default=0.0),
        longest_pause_seconds=_longest_pause(history, at),
        quiet_after=quiet_after,
        rejoined_after=rejoined_after,
        differences=[*differences, *run_checks(context)],
    )


def _longest_pause(history: History, since: float) -> float:
    acknowledged = sorted(each.ended for each in history.written if each.outcome is ACKED and each.ended >= since)
    return max(
        (after - before for before, after in zip([since, *acknowledged], acknowledged, strict=False)), default=0.0
    )
