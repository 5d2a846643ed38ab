"""How accounts hold out, measured against a standalone of its own: `python -m bench.accounts [figure ...]`.

The figures are `timing`, `crowd`, `refreshes`, `guesses` and `rotation`; without a name all are measured, in about
seven minutes. Everything runs on this machine, clients too, so that what others do on it at the same time is in the
figures. The exit code says whether all bars are held.
"""

import asyncio
import sys
import tempfile
from pathlib import Path

from deploy.tests.running import Standalone
from shared.testing.ports import free_port

from .figures import FIGURES
from .system import System, sign_up, visitor

PEOPLE = 100


async def measure(system: System, names: list[str]) -> None:
    """These figures, one after another."""
    async with visitor(system.base) as web:
        system.people = [await sign_up(web) for _ in range(PEOPLE)]
    for name in names:
        await FIGURES[name](system)


def main() -> int:
    """Start, measure, end."""
    names = sys.argv[1:] or list(FIGURES)
    if unknown := set(names) - set(FIGURES):
        sys.exit(f"no such figure: {', '.join(sorted(unknown))}; there are {', '.join(FIGURES)}")
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        standalone = Standalone(Path(folder) / "data", settings={"METRICS_PORT": str(port)})
        system = System(standalone, port)
        try:
            standalone.start()
            asyncio.run(measure(system, names))
        finally:
            standalone.kill()
    return 0 if system.held else 1


if __name__ == "__main__":
    sys.exit(main())
