"""The capacity of both systems for the mix, with a p99 below 50 ms through their gateways, including fan-out."""

from collections.abc import Callable
from statistics import median

from bench.capacity import QUICK_MS, Capacity, capacity
from bench.costs import HEAD, Cost, Ratio, cost, in_turn, row
from bench.environment import Environment
from bench.load.constant_rate import stream
from bench.measures.reads import STREAM_HEAD, stream_row
from bench.mixing import Mix
from bench.report import Report
from bench.systems import System

AT_LEAST = 3.0
ROUNDS = 3


def measure(environment: Environment, report: Report) -> None:
    """Capacities in alternation; then the cost of a request, and latencies at the same rate."""
    environment.society(environment.options.posts[-1])
    report.say(f"{environment.dataset.name}: {environment.dataset.sizes()}.")
    mixes = {system.name: Mix(environment, system) for system in environment.systems}
    found: dict[str, list[Capacity]] = {name: [] for name in mixes}
    for _ in range(min(ROUNDS, environment.options.rounds)):
        for system in environment.systems:
            found[system.name].append(capacity(system, mixes[system.name].requests, environment.options.seconds))
    rates = {name: [each.rate for each in tries] for name, tries in found.items()}
    rows = [
        stream_row(f"{name}, try {n}", each.stream) for name, tries in found.items() for n, each in enumerate(tries, 1)
    ]
    report.table(f"The highest rates with a p99 under {QUICK_MS:.0f} ms", STREAM_HEAD, rows)
    ratio = Ratio.of(rates["ours"], rates["baseline"])
    report.goal(
        "capacity of the mix, times the baseline's",
        f"at least {AT_LEAST:.0f}",
        str(ratio),
        held=ratio.median >= AT_LEAST,
    )
    report.picture(
        "mix", "Requests a second at p99 < 50 ms", {name: median(each) for name, each in rates.items()}, "/s"
    )
    _costs(environment, report, mixes)
    _latencies(environment, report, mixes, 0.5 * median(rates["baseline"]))


def _costs(environment: Environment, report: Report, mixes: dict[str, Mix]) -> None:
    answers = environment.options.answers

    def once(system: System) -> Callable[[], Cost]:
        return lambda: cost(system, mixes[system.name].requests(answers + 64), answers)

    costs = in_turn(
        {system.name: once(system) for system in environment.systems}, min(ROUNDS, environment.options.rounds)
    )
    report.table(
        "CPU of a request of the mix, what it leaves to be done included", HEAD, [row(*each) for each in costs.items()]
    )


def _latencies(environment: Environment, report: Report, mixes: dict[str, Mix], rate: float) -> None:
    rows = []
    for system in environment.systems:
        found = stream(system.port(), mixes[system.name].requests(int(rate * environment.options.seconds)), rate)
        rows.append(stream_row(system.name, found))
        system.settle()
    report.table(f"At {rate:,.0f} requests a second", STREAM_HEAD, rows)
