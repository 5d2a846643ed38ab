"""`python -m chaos.rolling`: updates and kills replicas on Docker Swarm under traffic, and counts failed requests."""

import secrets
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from statistics import quantiles

import click
from rich.console import Console
from rich.table import Table
from sqlalchemy import func, select

from chaos.checks.context import CheckContext, Difference
from chaos.checks.people import COPIES
from chaos.checks.suite import run_checks
from chaos.containers import PROGRAMS, NoEngine, until
from chaos.conversations import Conversations
from chaos.history import Failure, History
from chaos.mixed_scenario import quiet
from chaos.pace import Pace
from chaos.report import details, say
from chaos.result import QUIET_SECONDS
from chaos.swarm import READY_SECONDS, Swarm
from chaos.traffic import Traffic
from shared.replication.purge import DONE

THREADS_PER_REQUEST = 1 / 6
"""For each request a second: a request takes up to 100 ms on a busy machine."""
READERS = 0.8
"""The part of the threads that only read."""
SOCKET_SECONDS = 2.0
"""How soon a WebSocket has to be back."""
SWEEP_SECONDS = 900.0
"""The last sweep runs 60 s after the access token of the withdrawn person has expired (ACCESS_TOKEN_SECONDS)."""
SHOWN = 20


@dataclass(frozen=True)
class Kill:
    """One replica, and the time from the command to its end: seconds since the epoch."""

    program: str
    began: float
    ended: float

    def carried(self, failure: Failure) -> bool:
        """Whether the request was in progress when the replica ended."""
        return failure.began <= self.ended and failure.ended >= self.began


@dataclass
class RollingResult:
    """What the run has shown."""

    history: History
    requests: int = 0
    """During the updates and the kills."""
    seconds: float = 0.0
    rounds: int = 0
    in_updates: list[Failure] = field(default_factory=list)
    carried: list[Failure] = field(default_factory=list)
    """Failed requests that a killed replica had in progress."""
    not_carried: list[Failure] = field(default_factory=list)
    gaps: list[float] = field(default_factory=list)
    differences: list[Difference] = field(default_factory=list)
    quiet_after: float | None = None

    @property
    def late(self) -> list[float]:
        """WebSockets that were away for too long."""
        return [each for each in self.gaps if each > SOCKET_SECONDS]

    @property
    def holds(self) -> bool:
        """Whether everything was as it has to be."""
        failed = [*self.in_updates, *self.not_carried, *self.late, *self.differences]
        return not failed and self.quiet_after is not None


@click.command()
@click.option("--rate", type=click.FloatRange(1), default=200, help="Requests a second, at most")
@click.option("--requests", type=click.IntRange(1), default=50_000, help="Updates are repeated until so many were sent")
@click.option("--pairs", type=click.IntRange(1), default=10, help="Pairs of people with open WebSockets")
@click.option("--seed", type=int, help="The same seed chooses the same requests")
@click.option("--keep", is_flag=True, help="Leave the stack running")
def main(*, rate: float, requests: int, pairs: int, seed: int | None, keep: bool) -> None:
    """Exits with 1 if a request failed that no killed replica had in progress, or if anything was lost."""
    seed = secrets.randbelow(10**6) if seed is None else seed
    say(f"seed {seed}, {rate:.0f} requests a second")
    folder = Path(tempfile.mkdtemp(prefix="shutter-rolling-"))
    swarm = Swarm(folder)
    try:
        swarm.start()
        say(f"{swarm.name} is ready on {swarm.base_url}")
        result = _scenario(swarm, seed, rate, requests, pairs)
    except NoEngine as problem:
        sys.exit(f"This needs a container engine: {problem}")
    finally:
        if not keep:
            swarm.stop()
            shutil.rmtree(folder, ignore_errors=True)
    _report(result, seed)
    sys.exit(int(not result.holds))


def _scenario(swarm: Swarm, seed: int, rate: float, requests: int, pairs: int) -> RollingResult:
    history, pace = History(), Pace(rate)
    result = RollingResult(history)
    threads = max(10, round(rate * THREADS_PER_REQUEST))
    readers = round(READERS * threads)
    traffic = Traffic(swarm.base_url, history, seed, threads - readers, pace, readers)
    conversations = Conversations(swarm.base_url, history, seed, pairs, pace)
    try:
        conversations.start()
        traffic.start()
        _update_and_kill(swarm, requests, result)
    finally:
        traffic.stop()
    result.differences += conversations.stop()
    result.gaps = [gap for listener in conversations.listeners for gap in listener.gaps]
    context = CheckContext(history, swarm)
    result.quiet_after = quiet(context, QUIET_SECONDS, time.monotonic())
    say("waiting for the last sweep of each purge, which removes what another replica wrote during the purge")
    until(lambda: not _sweeps(context), SWEEP_SECONDS, "every last sweep is done")
    result.differences += run_checks(context)
    return result


def _sweeps(context: CheckContext) -> int:
    """Purges that are not quite done."""
    return sum(
        context.rows(service, select(func.count()).where(copies.purges.c.state != DONE))[0][0]
        for service, copies in COPIES.items()
    )


def _update_and_kill(swarm: Swarm, requests: int, result: RollingResult) -> None:
    history = result.history
    before, began = sum(history.requests.values()), time.time()

    def sent() -> int:
        return sum(history.requests.values()) - before

    while sent() < requests:
        result.rounds += 1
        for program in PROGRAMS:
            failed = len(history.failures)
            seconds = _timed(partial(swarm.update, program))
            say(f"{program} updated in {seconds:.0f} s; {sent():,} requests, {len(history.failures) - failed} failed")
            for failure in history.failures[failed : failed + SHOWN]:
                say(f"failed: {failure.what} after {failure.ended - failure.began:.2f} s")
    result.in_updates = list(history.failures)
    kills = []
    for program in PROGRAMS:
        failed, at = len(history.failures), time.time()
        kills.append(Kill(program, at, swarm.kill(program)))
        until(swarm.is_ready, READY_SECONDS, f"{program} has all replicas again")
        seconds = time.time() - at
        say(f"{program} killed, replaced in {seconds:.0f} s; {len(history.failures) - failed} requests failed")
    result.requests, result.seconds = sent(), time.time() - began
    for failure in history.failures[len(result.in_updates) :]:
        of_kill = any(kill.carried(failure) for kill in kills)
        (result.carried if of_kill else result.not_carried).append(failure)


def _timed(action: Callable[[], None]) -> float:
    began = time.monotonic()
    action()
    return time.monotonic() - began


def _report(result: RollingResult, seed: int) -> None:
    table = Table(title=f"rolling update, seed {seed}", show_header=False)
    rate = result.requests / result.seconds
    median, *_, p99 = quantiles(result.history.durations, n=100)[49:]
    table.add_row("requests", f"{result.requests:,} in {result.seconds:.0f} s: {rate:.0f} a second")
    table.add_row("response times", f"median {median * 1000:.0f} ms, p99 {p99 * 1000:.0f} ms")
    table.add_row("updates of every service and the gateway", str(result.rounds))
    table.add_row("requests failed during updates", _wrong(result.in_updates))
    table.add_row("failed because their replica was killed", str(len(result.carried)))
    table.add_row("other requests failed during kills", _wrong(result.not_carried))
    table.add_row("WebSockets opened again", f"{len(result.gaps)}, after at most {max(result.gaps, default=0):.2f} s")
    table.add_row(f"of these after more than {SOCKET_SECONDS:.0f} s", _wrong(result.late))
    table.add_row("differences", _wrong(result.differences))
    table.add_row("idle", "never" if result.quiet_after is None else f"after {result.quiet_after:.1f} s")
    Console(highlight=False, soft_wrap=True).print(table)
    for failure in result.not_carried[:SHOWN]:
        say(f"failed: {failure.what} after {failure.ended - failure.began:.2f} s")
    details(result.differences)


def _wrong(found: list[object] | list[Failure] | list[float] | list[Difference]) -> str:
    return f"{'[red]' if found else '[green]'}{len(found)}"


if __name__ == "__main__":
    main()
