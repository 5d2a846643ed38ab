"""`python -m chaos`: torments a system of our own with a seed, and says whether anything was lost."""

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
from chaos.mixed_scenario import QUIET_SECONDS, Plan, Result, run
from chaos.report import details, say, summary
from chaos.system import System


class Mode(StrEnum):
    """What is tormented."""

    cluster = "cluster"
    embedded = "embedded"


class Scenario(StrEnum):
    """What is done to it."""

    mixed = "mixed"
    broker_away = "broker-away"
    broker_never = "broker-never"


class Broken(StrEnum):
    """Which deliberate mistake is to be caught."""

    mark_before_publish = "mark-before-publish"


def _one_of(kind: type[StrEnum]) -> click.Choice[str]:
    return click.Choice([each.value for each in kind])


@click.command()
@click.option("--mode", type=_one_of(Mode), default="cluster", help="Real processes and servers, or all in one")
@click.option("--scenario", type=_one_of(Scenario), default="mixed", help="Everything at random, or one thing alone")
@click.option("--seed", type=int, help="The same seed plans the same faults")
@click.option("--seconds", type=click.FloatRange(10), default=90, help="How long faults go on")
@click.option("--withdrawals", default=0, help="Go on after the faults until so many have withdrawn")
@click.option("--kills", type=int, help="Processes killed; without it one in six seconds")
@click.option("--threads", type=click.IntRange(3), default=6, help="Clients at once")
@click.option("--again/--no-again", default=True, help="In the end publish every fact once more")
@click.option("--broken", type=_one_of(Broken), help="Run with a deliberate mistake, which must be caught")
@click.option("--keep", is_flag=True, help="Leave the folder with the logs")
def main(  # noqa: PLR0913 - the options of a command
    *,
    mode: str,
    scenario: str,
    seed: int | None,
    seconds: float,
    withdrawals: int,
    kills: int | None,
    threads: int,
    again: bool,
    broken: str | None,
    keep: bool,
) -> None:
    """Exits with 1 on any difference; with --broken, if there is none."""
    seed = secrets.randbelow(10**6) if seed is None else seed
    say(f"seed {seed}, {mode} mode{f', broken: {broken}' if broken else ''}")
    planned_kills = max(1, round(seconds / 6)) if kills is None else kills
    patience = 45.0 if broken else QUIET_SECONDS
    plan = Plan(seed, seconds, planned_kills, withdrawals, threads, patience, again and not broken)
    folder = tempfile.mkdtemp(prefix="shutter-chaos-")
    say(f"logs are in {folder}")
    with ExitStack() as stack:
        if not keep:
            stack.callback(shutil.rmtree, folder, ignore_errors=True)
        if scenario != Scenario.mixed:
            sys.exit(_one_thing_alone(Scenario(scenario), Path(folder), plan))
        result = _on(_system(Mode(mode), Path(folder), seed, broken), plan)
        summary(result, seed)
    sys.exit(_exit_code(result, broken))


def _system(mode: Mode, folder: Path, seed: int, broken: str | None) -> System:
    if mode is Mode.embedded:
        return Embedded(folder)
    modules: Mapping[str, list[str]] = {}
    if broken is not None:
        modules = {name: ["-m", "chaos.broken_relay", name] for name in SERVICES}
    return Cluster(folder, wired=random.Random(seed).choice(SERVICES), modules=modules)  # noqa: S311 - no secret


def _on(system: System, plan: Plan) -> Result:
    try:
        system.start()
        return run(system, plan)
    except NoEngine as problem:
        sys.exit(f"The cluster mode needs a container engine ({problem}); MODE=embedded needs none.")
    finally:
        system.stop()


def _one_thing_alone(scenario: Scenario, folder: Path, plan: Plan) -> int:
    never = scenario is Scenario.broker_never
    settings = {"RECONCILE_SECONDS": "5"} if never else {}
    cluster = Cluster(folder, wired="posts", settings=settings, with_broker=not never)
    try:
        cluster.start()
        if never:
            history, seconds, differences = never_there(cluster, plan.seed, plan.seconds, plan.threads)
            say(f"{history.withdrawals} withdrawals carried out everywhere {seconds:.1f} s after the last of them")
        else:
            away = broker_away(cluster, plan.seed, plan.seconds, plan.threads)
            say(
                f"broker away {away.seconds:.0f} s: requests acknowledged {away.acknowledged:,},"
                f" refused {away.refused:,}, unanswered {away.unanswered:,}; backlog {away.backlog:,} facts,"
                f" {away.drained.facts:,} drained in {away.drained.seconds:.1f} s: {away.drained.rate:,.0f} a second"
            )
            differences = away.differences
        details(differences)
        return int(bool(differences))
    finally:
        cluster.stop()


def _exit_code(result: Result, broken: str | None) -> int:
    failed = bool(result.differences) or result.quiet_after is None
    if broken is None:
        return int(failed)
    lost = any(each.kind == "lost" for each in result.differences)
    say("the mistake was caught" if lost else "the mistake was NOT caught")
    return int(not lost)


if __name__ == "__main__":
    main()
