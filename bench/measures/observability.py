"""CPU of a home feed of 10 with logs, metrics and traces, relative to without: the standalone on SQLite.

A request there costs less than in the cluster, so what is added to it weighs more.
"""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial

import httpx

from bench.community.feeds import REQUEST_SECONDS
from bench.community.standalone import Standalone
from bench.costs import Cost, Ratio, cost, in_turn, middles, totals
from bench.environment import Environment
from bench.load.wrk import burst
from bench.report import Report
from bench.systems import stop
from shared.testing.ports import free_port
from shared.testing.trace_receiver import TraceReceiver, trace_receiver

PEOPLE = 10
POSTS_EACH = 3
CONNECTIONS = 8
WARM_UP = 600
"""Answers before the first round."""
OFF = "off"
LOGS = "logs and metrics"
SAMPLED = "traces of 1%"
TRACED = "traces of all"
GOALS = {LOGS: 1.10, SAMPLED: 1.03}
"""At most this multiple of the CPU without any."""
NO_LIMIT = "10000000/minute"


@dataclass
class Observed(Standalone):
    """With these settings; its metrics, if there are any, are read once in each run."""

    metrics_port: int | None = None

    def settle(self) -> float:
        """Read the metrics, as Prometheus does every 15 s; a run takes less."""
        if self.metrics_port is not None:
            url = f"http://127.0.0.1:{self.metrics_port}/metrics"
            httpx.get(url, timeout=REQUEST_SECONDS).raise_for_status()
        return 0.0


def measure(environment: Environment, report: Report) -> None:
    """All variants run at the same time, and are measured in turn."""
    answers, rounds = environment.options.answers, environment.options.rounds
    report.say(f"A home feed of 10, {CONNECTIONS} connections, {answers:,} answers a run, {rounds} rounds.")
    with ExitStack() as stack:
        receiver = stack.enter_context(trace_receiver())
        load = {}
        for variant in _variants(environment, receiver):
            stack.callback(stop, [variant.process])
            feeds = variant.fill(PEOPLE, POSTS_EACH)
            burst(variant.port(), feeds, CONNECTIONS, WARM_UP)
            load[variant.name] = partial(cost, variant, feeds, answers, connections=CONNECTIONS)
        costs = in_turn(load, rounds)
    report.say(f"{len(receiver.spans):,} spans arrived.")
    _tell(report, costs)


def _variants(environment: Environment, receiver: TraceReceiver) -> list[Observed]:
    port = free_port()
    one_percent = {"OTEL_TRACES_SAMPLER": "parentbased_traceidratio", "OTEL_TRACES_SAMPLER_ARG": "0.01"}
    traces = receiver.settings | {"OTEL_BSP_SCHEDULE_DELAY": "5000"}
    settings = {
        OFF: {},
        LOGS: {"LOG_LEVEL": "info", "METRICS_PORT": str(port)},
        SAMPLED: traces | one_percent,
        TRACED: traces,
    }
    return [_variant(environment, name, each, port if name == LOGS else None) for name, each in settings.items()]


def _variant(environment: Environment, name: str, settings: Mapping[str, str], port: int | None) -> Observed:
    folder = environment.folder / name.replace(" ", "-")
    folder.mkdir()
    limits = dict.fromkeys(("RATE_SIGNUPS", "RATE_LOGINS", "RATE_PERSON", "RATE_UPLOADS", "RATE_ANONYMOUS"), NO_LIMIT)
    usual = {"ENVIRONMENT": "production", "LOG_LEVEL": "warning", "UNVERIFIED_MAY_POST": "true", **limits}
    return Observed(folder, name=name, settings={**usual, **settings}, metrics_port=port)


def _tell(report: Report, costs: Mapping[str, Sequence[Cost]]) -> None:
    off = totals(costs[OFF])
    ratios = {name: Ratio.of(totals(each), off) for name, each in costs.items()}
    middle = middles(costs)
    rows = [(name, f"{middle[name]:,.0f}", str(ratio)) for name, ratio in ratios.items()]
    report.table("CPU of a request", ("", "us", "times off"), rows)
    report.picture("observability", "CPU of a home feed", middle, "us")
    for name, limit in GOALS.items():
        goal = f"CPU of a request with {name}, times off"
        report.goal(goal, f"at most {limit:.2f}", str(ratios[name]), held=ratios[name].median <= limit)
