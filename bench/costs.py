"""The CPU cost of a request over all processes of a system, and comparisons over interleaved rounds."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from bench.accounting import TIERS, used
from bench.load.requests import Request
from bench.load.wrk import Burst, burst
from bench.systems import System


@dataclass(frozen=True)
class Cost:
    """CPU microseconds per response, by tier, and the result of the measured load."""

    micros: dict[str, float]
    load: Burst

    @property
    def total(self) -> float:
        """Over all tiers."""
        return sum(self.micros.values())


def cost(
    system: System, requests: Sequence[Request], answers: int, *, connections: int = 16, through_gateway: bool = True
) -> Cost:
    """Of this number of responses, including the background work that they cause."""
    tiers = system.tiers()
    before = used(tiers)
    load = burst(system.port(through_gateway=through_gateway), requests, connections, answers)
    system.settle()
    after = used(tiers)
    return Cost({tier: (after[tier] - before[tier]) / load.answers * 1e6 for tier in after}, load)


@dataclass(frozen=True)
class Ratio:
    """Of two series measured in alternation."""

    median: float
    lowest: float
    highest: float

    @classmethod
    def of(cls, ones: Sequence[float], others: Sequence[float]) -> "Ratio":
        """Of each round."""
        found = [one / other for one, other in zip(ones, others, strict=True)]
        return cls(median(found), min(found), max(found))

    def __str__(self) -> str:
        return f"{self.median:.3g} ({self.lowest:.3g} to {self.highest:.3g})"


def in_turn(sides: Mapping[str, Callable[[], Cost]], rounds: int) -> dict[str, list[Cost]]:
    """Each side once in each round, in alternating order."""
    found: dict[str, list[Cost]] = {name: [] for name in sides}
    for number in range(rounds):
        for name in reversed(list(sides)) if number % 2 else sides:
            found[name].append(sides[name]())
    return found


HEAD = ("", *(f"{tier} us" for tier in TIERS), "all us", "range", "answers/s", "p50 ms", "p99 ms", "wrk's core")


def row(name: str, costs: Sequence[Cost]) -> tuple[str, ...]:
    """Medians of one side, under `HEAD`."""
    totals = [each.total for each in costs]
    tiers = [f"{median(each.micros.get(tier, 0.0) for each in costs):,.0f}" for tier in TIERS]
    loads = [each.load for each in costs]
    return (
        name,
        *tiers,
        f"{median(totals):,.0f}",
        f"{min(totals):,.0f} to {max(totals):,.0f}",
        f"{median(each.rate for each in loads):,.0f}",
        f"{median(each.p50 for each in loads):.1f}",
        f"{median(each.p99 for each in loads):.1f}",
        f"{max(each.generator for each in loads):.0%}",
    )


def middles(costs: Mapping[str, Sequence[Cost]]) -> dict[str, float]:
    """The median over all tiers of each side, for a chart."""
    return {name: median(totals(each)) for name, each in costs.items()}


def totals(costs: Sequence[Cost]) -> list[float]:
    """Microseconds over all tiers, by round."""
    return [each.total for each in costs]
