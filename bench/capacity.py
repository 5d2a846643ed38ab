"""The capacity of a system in requests per second: open loop, with nearly all responses below a latency limit."""

from collections.abc import Callable
from dataclasses import dataclass

from bench.load.constant_rate import Stream, stream
from bench.load.requests import Request
from bench.load.wrk import burst
from bench.systems import System

QUICK_MS = 50.0
"""Of the 99th percentile."""
SETTLED_SECONDS = 2.0
"""What requests leave to be done has to be done so soon after the last of them."""
STEPS = 5
GUESS_ANSWERS = 600
Drawn = Callable[[int], list[Request]]


@dataclass(frozen=True)
class Capacity:
    """The highest rate within the limits, and its result."""

    rate: float
    stream: Stream


def capacity(system: System, drawn: Drawn, seconds: float) -> Capacity:
    """By bisection between one fifth of the closed-loop throughput of 16 connections, and 20 % more than it."""
    guess = burst(system.port(), drawn(GUESS_ANSWERS), 16, GUESS_ANSWERS // 2).rate
    system.settle()
    low, high = 0.2 * guess, 1.2 * guess
    best: Capacity | None = None
    for _ in range(STEPS):
        rate = (low + high) / 2 if best else low
        found = stream(system.port(), drawn(int(rate * seconds)), rate)
        if went_well(found, system.settle()):
            best, low = Capacity(rate, found), rate
        else:
            high = rate
            low = low if best else low / 2
    if best is None:
        raise RuntimeError(f"{system.name} takes less than {low:.0f} a second")
    return best


def went_well(found: Stream, settled: float) -> bool:
    """Every request got a response, nearly all within the limit, and no background work was left."""
    return found.answered == found.sent and found.p99 < QUICK_MS and settled < SETTLED_SECONDS
