"""The effect of twice the capacity: completed requests, latencies, and rejections.

Capacity is here the highest throughput at any latency: that of a closed loop.
"""

from statistics import median

from bench.environment import Environment
from bench.load.constant_rate import Stream, stream
from bench.load.wrk import burst
from bench.measures.reads import STREAM_HEAD, stream_row
from bench.mixing import Mix
from bench.report import Report

AT_LEAST = 0.9
SLOWEST_MS = 1_000.0
IMPATIENT = 64
CONNECTIONS = 900
"""Fewer than the gateway lets one address open."""


def measure(environment: Environment, report: Report) -> None:
    """Of the mix."""
    environment.society(environment.options.posts[0])
    mix = Mix(environment, environment.ours)
    rounds = min(3, environment.options.rounds)
    full = median(_most(environment, mix) for _ in range(rounds))
    tries: list[Stream] = []
    for _ in range(rounds):
        requests = mix.requests(int(2 * full * environment.options.seconds))
        tries.append(stream(environment.ours.port(), requests, 2 * full, CONNECTIONS))
        environment.ours.settle()
    rows = [(*stream_row(f"try {number}", each), _statuses(each)) for number, each in enumerate(tries, 1)]
    report.table(f"Capacity {full:,.0f} a second; asked {2 * full:,.0f}", (*STREAM_HEAD, "statuses"), rows)
    done = median(each.rate for each in tries) / full
    report.goal("goodput at twice capacity", f"at least {AT_LEAST}", f"{done:.2f}", held=done >= AT_LEAST)
    told = {"capacity": full, "done when twice as much is asked": done * full}
    report.picture("overload", "Requests of the mix done in a second", told, "/s")
    slowest = max(each.slowest for each in tries)
    bar = f"at most {SLOWEST_MS:.0f} ms"
    report.goal("slowest admitted request", bar, f"{slowest:.0f} ms", held=slowest <= SLOWEST_MS)
    others = sum(each.sent - each.answered - each.statuses.get("503", 0) for each in tries)
    report.goal("answers that are neither done nor 503", "none", f"{others}", held=others == 0)


def _most(environment: Environment, mix: Mix) -> float:
    answers = environment.options.answers
    found = burst(environment.ours.port(), mix.requests(answers + IMPATIENT), IMPATIENT, answers)
    environment.ours.settle()
    return found.rate


def _statuses(found: Stream) -> str:
    return ", ".join(f"{number} x {status}" for status, number in sorted(found.statuses.items()))
