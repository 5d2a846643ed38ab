"""CPU that a gateway adds to a response of 6 kB: ours, the baseline's, a minimal forwarder, Envoy and nginx."""

from functools import partial
from statistics import median

from bench.baseline_server import BYTES
from bench.costs import HEAD, Cost, Ratio, cost, in_turn, row
from bench.environment import Environment
from bench.gateways import gateways
from bench.load.requests import Request
from bench.report import Report
from shared.testing.tokens import FakeTokenIssuer

CONNECTIONS = (16, 64)
AT_MOST = {16: 1 / 8, 64: 1 / 12}
"""Of the baseline's, by connections."""
OF_ENVOY = 2.5
FASTER = 5
"""Cheap gateways get this multiple of responses: the kernel counts in hundredths of a second."""
TARGET = "/api/v1/feed"


def measure(environment: Environment, report: Report) -> None:
    """Needs no database."""
    token_issuer = FakeTokenIssuer()
    requests = [Request("GET", TARGET, token_issuer.token(1))]
    answers, rounds = environment.options.answers, environment.options.rounds
    report.say(
        f"{answers:,} answers of {BYTES:,} bytes a run of the baseline's, {FASTER} times as many of the others;"
        f" one token that all have met before; {rounds} rounds."
    )
    with gateways(environment.folder, token_issuer) as (found, absent):
        for reason in absent:
            report.say(f"Not measured: {reason}")
        for connections in CONNECTIONS:
            sides = {
                name: partial(
                    cost, measured, requests, answers * (1 if name == "baseline" else FASTER), connections=connections
                )
                for name, measured in found.items()
            }
            in_turn(sides, 1)  # so that the token is cached and connections are open
            _judge(report, connections, in_turn(sides, rounds))


def _judge(report: Report, connections: int, costs: dict[str, list[Cost]]) -> None:
    report.table(f"{connections} connections", HEAD, [row(name, each) for name, each in costs.items()])
    of_baseline = Ratio.of(_added(costs["ours"]), _added(costs["baseline"]))
    bar = AT_MOST[connections]
    name = f"gateway's CPU at {connections} connections, part of the baseline's"
    report.goal(name, f"at most 1/{1 / bar:.0f} = {bar:.3g}", str(of_baseline), held=of_baseline.median <= bar)
    of_bare = Ratio.of(_added(costs["ours"]), _added(costs["forwarder"]))
    report.say(f"Ours is {of_bare} times the forwarder, which has our parts and does nothing but forward.")
    if "envoy" in costs:
        of_envoy = Ratio.of(_added(costs["ours"]), _added(costs["envoy"]))
        name = f"gateway's CPU at {connections} connections, times Envoy's"
        report.goal(name, f"at most {OF_ENVOY}", str(of_envoy), held=of_envoy.median <= OF_ENVOY)
    values = {name: median(_added(each)) for name, each in costs.items() if name != "none"}
    values["bare uvicorn, all of it"] = median(each.total for each in costs["none"])
    report.picture(f"gateway-{connections}", f"CPU that a gateway adds, {connections} connections", values, "us")


def _added(costs: list[Cost]) -> list[float]:
    return [each.micros["gateway"] for each in costs]
