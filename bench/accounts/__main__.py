"""How accounts hold out: `python -m bench.accounts [cluster] [figure ...]`.

The figures are `timing`, `crowd`, `refreshes`, `guesses` and `rotation`; without a name all are measured, in about
seven minutes. They are measured against a standalone of its own or, with `cluster` among them, against five processes
on MySQL and RabbitMQ in containers. Everything runs on this machine, clients too, so that what others do on it at the
same time is in the figures. The exit code says whether all bars are held.
"""

import asyncio
import sys
import tempfile
from pathlib import Path

from chaos.containers import NoEngine

from .figures import FIGURES
from .system import System, as_a_cluster, in_one_process, sign_up, visitor

PEOPLE = 100
CLUSTER = "cluster"


async def measure(system: System, names: list[str]) -> None:
    """These figures, one after another."""
    async with visitor(system.base) as web:
        system.people = [await sign_up(web) for _ in range(PEOPLE)]
    for name in names:
        await FIGURES[name](system)


def main() -> int:
    """Start, measure, end."""
    given = sys.argv[1:]
    made = as_a_cluster if CLUSTER in given else in_one_process
    names = [each for each in given if each != CLUSTER] or list(FIGURES)
    if unknown := set(names) - set(FIGURES):
        sys.exit(f"no such figure: {', '.join(sorted(unknown))}; there are {', '.join(FIGURES)}")
    with tempfile.TemporaryDirectory() as folder:
        try:
            with made(Path(folder)) as system:
                asyncio.run(measure(system, names))
        except NoEngine as problem:
            sys.exit(str(problem))
    return 0 if system.held else 1


if __name__ == "__main__":
    sys.exit(main())
