"""The run: mixed traffic under faults, then quiet, then the verdict; and once more after everything came again."""

import time
from collections import Counter
from dataclasses import dataclass, field

from sqlalchemy import update

from chaos.checks.context import BACK, WRONG, Difference, Ledger
from chaos.checks.events import MODELS
from chaos.checks.suite import under_way, verdict
from chaos.fault_injector import Torment
from chaos.history import History
from chaos.processes import Process
from chaos.report import say
from chaos.system import System
from chaos.traffic import Traffic, wait_for

QUIET_SECONDS = 300.0
"""For giving up; how long it took is told."""


@dataclass(frozen=True)
class Plan:
    """How hard and how long."""

    seed: int
    seconds: float
    kills: int
    withdrawals: int
    threads: int
    quiet_within: float = QUIET_SECONDS
    again: bool = True
    """Whether every fact is published once more in the end, and every process started anew."""


@dataclass
class Result:
    """What was seen."""

    history: History
    happened: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    quiet_after: float | None = None
    quiet_again_after: float | None = None
    republished: int = 0
    under_way: list[str] = field(default_factory=list)
    differences: list[Difference] = field(default_factory=list)


def run(system: System, plan: Plan) -> Result:
    """Everything, from the first request to the last check."""
    ledger = Ledger(History(), system)
    result = Result(ledger.history)
    with Torment(system, plan.seed, plan.seconds, plan.kills) as torment:
        since = _tormented(ledger, plan, torment, result)
        result.quiet_after = quiet(ledger, plan.quiet_within, since)
        result.under_way = [] if result.quiet_after is not None else under_way(ledger)
    result.happened = torment.happened
    result.differences = [*verdict(ledger), *_fell(system)]
    if plan.again and not result.differences:
        _once_more(ledger, plan, result)
    return result


def _tormented(ledger: Ledger, plan: Plan, torment: Torment, result: Result) -> float:
    """The traffic, from its beginning to its end: since when it can become quiet."""
    traffic = Traffic(ledger.system.base_url, ledger.history, plan.seed, plan.threads)
    began = time.monotonic()
    try:
        traffic.start()
        say(f"traffic runs; {plan.seconds:.0f} s of faults begin")
        torment.start()
        torment.wait()
        ended = time.monotonic()
        say(f"the last fault has ended; {ledger.history.withdrawals} have withdrawn so far")
        wait_for(ledger.history, plan.withdrawals, ended + plan.seconds)
        late = time.monotonic() - ended > 1
    finally:
        traffic.stop()
    result.seconds = time.monotonic() - began
    return time.monotonic() if late else ended


def _once_more(ledger: Ledger, plan: Plan, result: Result) -> None:
    """Every fact again to services that have just been started: nothing may happen twice, and nobody come back."""
    say("all facts are published again, to processes that are started anew")
    for process in ledger.system.processes.values():
        process.stop()
    for service, models in MODELS.items():
        with ledger.system.engines[service].begin() as connection:
            again = update(models.outbox).values(published_at=None, not_before=0)
            result.republished += connection.execute(again).rowcount
    for process in ledger.system.processes.values():
        process.start()
    result.quiet_again_after = quiet(ledger, plan.quiet_within + result.republished / 100, time.monotonic())
    result.differences = [Difference(BACK, f"({each.kind}) {each.what}") for each in verdict(ledger)]


def quiet(ledger: Ledger, within: float, since: float) -> float | None:
    """Seconds until nothing is under way any more; None where that does not come."""
    ends, said = time.monotonic() + within, 0.0
    while left := under_way(ledger):
        if time.monotonic() > ends:
            return None
        if time.monotonic() - said > 10:
            say(f"waiting for quiet: {', '.join(left)}")
            said = time.monotonic()
        time.sleep(0.25)
    return time.monotonic() - since


def _fell(system: System) -> list[Difference]:
    return [
        Difference(WRONG, f"{process.name} ended by itself with {process.fell}")
        for process in _processes(system)
        if process.fell
    ]


def _processes(system: System) -> list[Process]:
    return list(system.processes.values())
