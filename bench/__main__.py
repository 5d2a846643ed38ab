"""`python -m bench [measurement ...]`: measures ours and the baseline, and reports which goals are reached."""

import signal
import sys
import tempfile
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from bench.environment import Environment, Options
from bench.load.wrk import Invalid, wrk
from bench.report import RESULTS, Goal, Report
from chaos.containers import NoEngine

SEPARATE = (
    "accounts", "beside", "gateway-limits", "notified", "observability", "photos", "restricted", "revocations",
    "sockets", "starvation", "web",
)  # fmt: skip
"""Only measured when named."""
WITHOUT_WRK = {"idle", *SEPARATE} - {"beside", "notified", "observability", "restricted"}
MEASUREMENTS = (
    "gateway", "idle", "memory", "feed", "person", "mix", "depth", "followed",
    "popular-author", "hot-like", "outbox", "fanout-lag", "overload",
)  # fmt: skip
"""Measurements with the same dataset are adjacent: creating one takes minutes."""


@click.command()
@click.argument("names", nargs=-1, type=click.Choice((*MEASUREMENTS, *SEPARATE)))
@click.option("--rounds", type=click.IntRange(1), default=5, help="Interleaved rounds; medians are reported")
@click.option("--answers", type=click.IntRange(100), default=3_000, help="Responses of each run whose CPU is counted")
@click.option(
    "--posts", type=click.IntRange(1), multiple=True, default=(10, 100), help="Posts per user; may be given twice"
)
@click.option("--seconds", type=click.FloatRange(1), default=6.0, help="Length of each open-loop load")
@click.option("--idle-seconds", type=click.FloatRange(1), default=60.0, help="Duration of `idle`")
@click.option("--graph", type=click.Path(path_type=Path), envvar="GRAPH", help="Friendships, `a b` a line")
@click.option("--results", type=click.Path(path_type=Path), default=RESULTS, help="The folder for tables and pictures")
def main(names: tuple[str, ...], results: Path, **options: Any) -> None:
    """Run these measurements, or all. Exits with 1 if a goal is missed."""
    if not names or set(names) - WITHOUT_WRK:
        wrk()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that containers are removed in this case as well
    results.mkdir(parents=True, exist_ok=True)
    goals: list[Goal] = []
    with (
        tempfile.TemporaryDirectory(prefix="shutter-bench-") as folder,
        Environment(Path(folder), Options(**options)) as environment,
    ):
        for name in names or MEASUREMENTS:
            goals += _measured(environment, name, results)
    print("\n".join(["", *map(str, goals)]))
    sys.exit(0 if all(goal.held for goal in goals) else 1)


def _measured(environment: Environment, name: str, results: Path) -> list[Goal]:
    report = Report(name)
    try:
        import_module(f"bench.measures.{name.replace('-', '_')}").measure(environment, report)
    except NoEngine as problem:
        sys.exit(f"A container engine is needed ({problem}).")
    except Invalid as problem:
        report.goal("a valid measurement", "every run is valid", str(problem), held=False)
    print(f"kept in {report.keep(results)}", flush=True)
    return report.goals


if __name__ == "__main__":
    main()
