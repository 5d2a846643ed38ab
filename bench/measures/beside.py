"""A home feed of 10 in our standalone and in GoToSocial, both on SQLite: CPU, memory, and CPU without requests.

GOTOSOCIAL=PATH names the binary of a release, with its folder `web` beside it. Without it only ours is measured.
"""

import os
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from statistics import median

from bench.accounting import resident, used
from bench.community.gotosocial import GoToSocial
from bench.community.standalone import Standalone
from bench.costs import Cost, Ratio, cost, in_turn, totals
from bench.environment import Environment
from bench.load.wrk import burst
from bench.report import Report
from bench.systems import stop

PEOPLE = 30
POSTS_EACH = 5
CONNECTIONS = 8
AT_MOST = 1.0
"""Of GoToSocial's CPU."""
SETTLE_SECONDS = 15.0
"""Until what creating the posts has left to do is done."""
WARM_UP = 600
"""Answers before the first round: each feed a few times on each connection."""

Community = Standalone | GoToSocial


def measure(environment: Environment, report: Report) -> None:
    """Both, in turn."""
    binary = os.environ.get("GOTOSOCIAL")
    communities: list[Community] = [Standalone(environment.folder)]
    if binary:
        communities.append(GoToSocial(environment.folder, binary=Path(binary)))
    else:
        report.say("GoToSocial is left out: set GOTOSOCIAL to the binary of a release, with `web` beside it.")
    report.say(f"{PEOPLE} people who follow each other, {PEOPLE * POSTS_EACH} posts, {CONNECTIONS} connections.")
    with ExitStack() as stack:
        feeds = {}
        for each in communities:
            stack.callback(stop, [each.process])
            feeds[each.name] = each.fill(PEOPLE, POSTS_EACH)
            burst(each.port(), feeds[each.name], CONNECTIONS, WARM_UP)
        idle = _idle(communities, environment.options.idle_seconds)
        load = {
            each.name: partial(cost, each, feeds[each.name], environment.options.answers, connections=CONNECTIONS)
            for each in communities
        }
        costs = in_turn(load, environment.options.rounds)
        memory = {each.name: resident(each.process.pid) for each in communities}
    _tell(report, costs, idle, memory)


def _idle(communities: Sequence[Community], seconds: float) -> dict[str, float]:
    """Milliseconds of CPU in a second without requests."""
    roots = {each.name: [each.process.pid] for each in communities}
    time.sleep(SETTLE_SECONDS)
    before = used(roots)
    time.sleep(seconds)
    after = used(roots)
    return {name: (after[name] - before[name]) / seconds * 1e3 for name in roots}


def _tell(
    report: Report, costs: Mapping[str, Sequence[Cost]], idle: Mapping[str, float], memory: Mapping[str, float]
) -> None:
    head = ("", "CPU us", "range", "answers/s", "p50 ms", "p99 ms", "wrk's core", "MB afterwards", "idle, ms/s")
    rows = [(name, *_figures(each), f"{memory[name]:.0f}", f"{idle[name]:.2f}") for name, each in costs.items()]
    report.table(f"A home feed of 10 in one process on SQLite, {CONNECTIONS} connections", head, rows)
    report.picture("beside", "CPU of a home feed", {name: median(totals(each)) for name, each in costs.items()}, "us")
    ours, *others = costs.values()
    for other in others:
        ratio = Ratio.of(totals(ours), totals(other))
        report.goal(
            "feed, standalone, times GoToSocial", f"at most {AT_MOST}", str(ratio), held=ratio.median <= AT_MOST
        )


def _figures(costs: Sequence[Cost]) -> tuple[str, ...]:
    spent, loads = totals(costs), [each.load for each in costs]
    return (
        f"{median(spent):,.0f}",
        f"{min(spent):,.0f} to {max(spent):,.0f}",
        f"{median(each.rate for each in loads):,.0f}",
        f"{median(each.p50 for each in loads):.1f}",
        f"{median(each.p99 for each in loads):.1f}",
        f"{max(each.generator for each in loads):.0%}",
    )
