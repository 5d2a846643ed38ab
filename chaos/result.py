"""What a run is asked to do, and what it observed."""

from collections import Counter
from dataclasses import dataclass, field

from chaos.checks.context import Difference
from chaos.history import History

QUIET_SECONDS = 300.0  # until it gives up; the report has the time it took


@dataclass(frozen=True)
class Plan:
    seed: int
    seconds: float
    kills: int
    withdrawals: int
    threads: int
    rate: float | None  # requests a second of all threads together
    quiet_within: float = QUIET_SECONDS
    again: bool = True  # publish every event again at the end, to restarted processes


@dataclass
class Result:
    history: History
    fault_counts: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    quiet_after: float | None = None
    quiet_again_after: float | None = None
    republished: int = 0
    under_way: list[str] = field(default_factory=list)
    differences: list[Difference] = field(default_factory=list)
