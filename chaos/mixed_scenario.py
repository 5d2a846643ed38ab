"""The mixed scenario: traffic under faults, then all checks; then every event is delivered again and checked again."""

import time

from sqlalchemy import update

from chaos.checks.context import RESURRECTED, WRONG, CheckContext, Difference
from chaos.checks.events import MODELS
from chaos.checks.suite import run_checks, under_way
from chaos.fault_injector import FaultInjector
from chaos.history import History
from chaos.pace import Pace
from chaos.processes import Process
from chaos.report import say
from chaos.result import Plan, Result
from chaos.system import System
from chaos.traffic import Traffic


def run(system: System, plan: Plan) -> Result:
    """From the first request to the last check."""
    context = CheckContext(History(), system)
    result = Result(context.history)
    with FaultInjector(system, plan.seed, plan.seconds, plan.kills) as fault_injector:
        since = _run_traffic(context, plan, fault_injector, result)
        result.quiet_after = quiet(context, plan.quiet_within, since)
        result.under_way = [] if result.quiet_after is not None else under_way(context)
    result.fault_counts = fault_injector.fault_counts
    result.differences = [*run_checks(context), *_unexpected_exits(system)]
    if plan.again and not result.differences:
        _once_more(context, plan, result)
    return result


def _run_traffic(context: CheckContext, plan: Plan, fault_injector: FaultInjector, result: Result) -> float:
    """Run the traffic under faults. Returns when the system may begin to settle."""
    pace = None if plan.rate is None else Pace(plan.rate)
    traffic = Traffic(context.system.base_url, context.history, plan.seed, plan.threads, pace)
    began = time.monotonic()
    try:
        traffic.start()
        say(f"traffic runs; {plan.seconds:.0f} s of faults begin")
        fault_injector.start()
        fault_injector.wait()
        ended = time.monotonic()
        say(f"the last fault has ended; {context.history.withdrawals} have withdrawn so far")
        context.history.wait_for(plan.withdrawals, ended + plan.seconds)
        late = time.monotonic() - ended > 1
    finally:
        traffic.stop()
    result.seconds = time.monotonic() - began
    return time.monotonic() if late else ended


def _once_more(context: CheckContext, plan: Plan, result: Result) -> None:
    """Deliver every event again, to restarted services: none may have a second effect or restore a deleted user."""
    say("all events are published again, to restarted processes")
    for process in context.system.processes.values():
        process.stop()
    for service, models in MODELS.items():
        with context.system.engines[service].begin() as connection:
            again = update(models.outbox).values(published_at=None, not_before=0)
            result.republished += connection.execute(again).rowcount
    for process in context.system.processes.values():
        process.start()
    result.quiet_again_after = quiet(context, plan.quiet_within + result.republished / 100, time.monotonic())
    result.differences = [Difference(RESURRECTED, f"({each.kind}) {each.what}") for each in run_checks(context)]


def quiet(context: CheckContext, within: float, since: float) -> float | None:
    """Seconds until no work is left; None if that does not happen in time.

    It has to stay so for as long as the broker's counts may be old: with events that are delivered again, nothing else
    shows that some still wait there.
    """
    ends, last_message = time.monotonic() + within, 0.0
    idle_at: float | None = None
    while True:
        left, now = under_way(context), time.monotonic()
        if not left:
            idle_at = idle_at or now
            if now - idle_at >= context.system.counts_age_seconds:
                return idle_at - since
        else:
            idle_at = None
            if now > ends:
                return None
            if now - last_message > 10:
                say(f"waiting for: {', '.join(left)}")
                last_message = now
        time.sleep(0.25)


def _unexpected_exits(system: System) -> list[Difference]:
    return [
        Difference(WRONG, f"{process.name} exited unexpectedly with {process.unexpected_exits}")
        for process in _processes(system)
        if process.unexpected_exits
    ]


def _processes(system: System) -> list[Process]:
    return list(system.processes.values())
