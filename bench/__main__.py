"""`python -m bench [measurement ...]`: measures ours and the stock beside it, and says which goals are reached."""

import signal
import sys
import tempfile
from importlib import import_module
from pathlib import Path
from typing import Annotated

import typer

from bench.load.wrk import Invalid, wrk
from bench.report import RESULTS, Goal, Report
from bench.stage import Options, Stage
from deploy.chaos.containers import NoEngine

MEASUREMENTS = (
    "gateway", "memory", "feed", "person", "mix", "depth", "followed",
    "popular-author", "hot-like", "outbox", "fanout-lag", "overload",
)  # fmt: skip
"""Those that share a world stand side by side: making one takes minutes."""


def main(
    names: Annotated[list[str] | None, typer.Argument(help=f"Any of {', '.join(MEASUREMENTS)}; none means all")] = None,
    rounds: Annotated[int, typer.Option(min=1, help="Interleaved rounds; medians are told")] = 5,
    answers: Annotated[int, typer.Option(min=100, help="Answers of each run whose CPU is counted")] = 3_000,
    posts: Annotated[list[int] | None, typer.Option(min=1, help="Posts a person; may be given twice")] = None,
    seconds: Annotated[float, typer.Option(min=1, help="Length of each open-loop load")] = 6.0,
    graph: Annotated[Path | None, typer.Option(envvar="GRAPH", help="A file of friendships, `a b` a line")] = None,
    results: Annotated[Path, typer.Option(help="The folder for tables and pictures")] = RESULTS,
) -> None:
    """Exits with 1 where a goal is missed."""
    chosen = names or list(MEASUREMENTS)
    if unknown := set(chosen) - set(MEASUREMENTS):
        sys.exit(f"no such measurement: {', '.join(sorted(unknown))}; there are {', '.join(MEASUREMENTS)}")
    wrk()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that containers are removed then as well
    options = Options(rounds, answers, tuple(posts or (10, 100)), seconds, graph)
    results.mkdir(parents=True, exist_ok=True)
    goals: list[Goal] = []
    with tempfile.TemporaryDirectory(prefix="shutter-bench-") as folder, Stage(Path(folder), options) as stage:
        for name in chosen:
            goals += _measured(stage, name, results)
    print("\n".join(["", *map(str, goals)]))
    sys.exit(0 if all(goal.held for goal in goals) else 1)


def _measured(stage: Stage, name: str, results: Path) -> list[Goal]:
    report = Report(name)
    try:
        import_module(f"bench.measures.{name.replace('-', '_')}").measure(stage, report)
    except NoEngine as problem:
        sys.exit(f"A container engine is needed ({problem}).")
    except Invalid as problem:
        report.goal("a valid measurement", "each run says something", str(problem), held=False)
    print(f"kept in {report.keep(results)}", flush=True)
    return report.goals


if __name__ == "__main__":
    typer.run(main)
