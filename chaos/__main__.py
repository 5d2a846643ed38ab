"""`python -m chaos`: injects faults into a separate system and reports whether anything was lost."""

import random
import secrets
import shutil
import sys
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from enum import StrEnum
from pathlib import Path

import click

from chaos.broker_scenarios import broker_away, never_there
from chaos.cluster import Cluster
from chaos.containers import SERVICES, NoEngine
from chaos.embedded import Embedded
from chaos.mixed_scenario import run
from chaos.node_scenario import node_killed
from chaos.report import details, say, summary
from chaos.result import QUIET_SECONDS, Plan, Result
from chaos.system import System
from chaos.three_nodes import BrokerCluster, DatabaseGroup


class Mode(StrEnum):
    cluster = "cluster"
    embedded = "embedded"


class Scenario(StrEnum):
    mixed = "mixed"
    broker_away = "broker-away"
    broker_never = "broker-never"
    broker_node = "broker-node"
    database_primary = "database-primary"


class Broken(StrEnum):
    mark_before_publish = "mark-before-publish"


def _one_of(kind: type[StrEnum]) -> click.Choice[str]:
    return click.Choice([each.value for each in kind])


@click.command()
@click.option("--mode", type=_one_of(Mode), default="cluster", help="Real processes and servers, or all in one")
@click.option("--scenario", type=_one_of(Scenario), default="mixed", help="Random faults, or one certain fault")
@click.option("--seed", type=int, help="The same seed plans the same faults")
@click.option("--seconds", type=click.FloatRange(10), default=90, help="Duration of the faults")
@click.option("--withdrawals", default=0, help="Continue after the faults until this number of accounts is deleted")
@click.option("--kills", type=int, help="Processes killed; default: one every six seconds")
@click.option("--threads", type=click.IntRange(3), default=6, help="Concurrent clients")
@click.option("--rate", type=click.FloatRange(1), help="Requests a second of all clients; default: no limit")
@click.option("--again/--no-again", default=True, help="Publish every event again at the end")
@click.option("--broken", type=_one_of(Broken), help="Run with a deliberate defect, which must be detected")
@click.option("--keep", is_flag=True, help="Keep the folder with the logs")
def main(  # noqa: PLR0913 - the options of a command
    *,
    mode: str,
    scenario: str,
    seed: int | None,
    seconds: float,
    withdrawals: int,
    kills: int | None,
    threads: int,
    rate: float | None,
    again: bool,
    broken: str | None,
    keep: bool,
) -> None:
    """Exits with 1 on any difference; with --broken, if nothing is lost."""
    seed = secrets.randbelow(10**6) if seed is None else seed
    say(f"seed {seed}, {mode} mode{f', broken: {broken}' if broken else ''}")
    planned_kills = max(1, round(seconds / 6)) if kills is None else kills
    settle_seconds = 45.0 if broken else QUIET_SECONDS
    plan = Plan(seed, seconds, planned_kills, withdrawals, threads, rate, settle_seconds, again and not broken)
    folder = tempfile.mkdtemp(prefix="shutter-chaos-")
    say(f"logs are in {folder}")
    with ExitStack() as stack:
        if not keep:
            stack.callback(shutil.rmtree, folder, ignore_errors=True)
        if scenario in (Scenario.broker_node, Scenario.database_primary):
            sys.exit(_node_scenario(Scenario(scenario), Path(folder), plan))
        if scenario != Scenario.mixed:
            sys.exit(_broker_scenario(Scenario(scenario), Path(folder), plan))
        result = _on(_system(Mode(mode), Path(folder), seed, broken), plan)
        summary(result, seed)
    sys.exit(_exit_code(result, broken))


def _system(mode: Mode, folder: Path, seed: int, broken: str | None) -> System:
    if mode is Mode.embedded:
        return Embedded(folder)
    modules: Mapping[str, list[str]] = {}
    if broken is not None:
        modules = {name: ["-m", "chaos.broken_relay", name] for name in SERVICES}
    return Cluster(folder, proxied=random.Random(seed).choice(SERVICES), modules=modules)  # noqa: S311 - no secret


def _on(system: System, plan: Plan) -> Result:
    try:
        system.start()
        return run(system, plan)
    except NoEngine as problem:
        sys.exit(f"The cluster mode needs a container engine ({problem}); MODE=embedded needs none.")
    finally:
        system.stop()


def _broker_scenario(scenario: Scenario, folder: Path, plan: Plan) -> int:
    never = scenario is Scenario.broker_never
    settings = {"RECONCILE_SECONDS": "5"} if never else {}
    cluster = Cluster(folder, proxied="posts", settings=settings, with_broker=not never)
    try:
        cluster.start()
        if never:
            history, seconds, differences = never_there(cluster, plan.seed, plan.seconds, plan.threads)
            say(f"{history.withdrawals} withdrawals carried out everywhere {seconds:.1f} s after the last of them")
        else:
            away = broker_away(cluster, plan.seed, plan.seconds, plan.threads)
            say(
                f"broker away {away.seconds:.0f} s: requests acknowledged {away.acknowledged:,},"
                f" refused {away.refused:,}, unanswered {away.unanswered:,}; backlog {away.backlog:,} events,"
                f" {away.drained.facts:,} drained in {away.drained.seconds:.1f} s: {away.drained.rate:,.0f} a second"
            )
            differences = away.differences
        details(differences)
        return int(bool(differences))
    finally:
        cluster.stop()


def _node_scenario(scenario: Scenario, folder: Path, plan: Plan) -> int:
    name = f"shutter-chaos-{secrets.token_hex(3)}"
    database = DatabaseGroup(name) if scenario is Scenario.database_primary else None
    broker = BrokerCluster(name) if scenario is Scenario.broker_node else None
    cluster = Cluster(folder, proxied="", database=database, broker=broker)
    try:
        cluster.start()
        loss = node_killed(cluster, database or cluster.broker, plan.seed, plan.seconds, plan.threads)
    finally:
        cluster.stop()
    counts = ", ".join(f"{number:,} {outcome.value}" for outcome, number in loss.requests.items())
    say(f"{loss.seconds:.0f} s with two of three: requests {counts}")
    say(
        f"the last of those that failed ended {loss.refused_seconds:.1f} s after the kill; the longest time without an"
        f" acknowledged write was {loss.longest_pause_seconds:.1f} s"
    )
    idle = "never idle" if loss.quiet_after is None else f"idle after {loss.quiet_after:.1f} s"
    say(f"{idle} with two of three; the third was back after {loss.rejoined_after:.1f} s")
    details(loss.differences)
    return int(bool(loss.differences))


def _exit_code(result: Result, broken: str | None) -> int:
    failed = bool(result.differences) or result.quiet_after is None
    if broken is None:
        return int(failed)
    lost = any(each.kind == "lost" for each in result.differences)
    say("the defect was detected" if lost else "the defect was NOT detected")
    return int(not lost)


if __name__ == "__main__":
    main()
