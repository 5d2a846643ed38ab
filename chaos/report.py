"""The output of a run: the seed first, progress, and the figures in the end."""

import time
from collections import Counter
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from chaos.checks.context import Difference
from chaos.history import Outcome
from chaos.result import Result

SHOWN = 20
KINDS = ("lost", "doubled", "orphaned", "resurrected", "counters", "traces", "unfinished", "wrong")
_console = Console(highlight=False, soft_wrap=True)
_began = time.monotonic()


def say(text: str) -> None:
    """One line with the time since the start."""
    _console.print(f"[dim]{time.monotonic() - _began:7.1f} s[/dim]  {text}", markup=True)


def summary(result: Result, seed: int) -> None:
    """All figures, and the first differences of each kind."""
    history = result.history
    table = Table(title=f"chaos, seed {seed}", show_header=False)
    table.add_row("traffic lasted", f"{result.seconds:.0f} s")
    for what, times in sorted(result.fault_counts.items()):
        table.add_row(what, str(times))
    for outcome in Outcome:
        table.add_row(f"requests {outcome.value}", f"{history.requests[outcome]:,}")
    table.add_row("people signed up", f"{len(history.people):,}")
    table.add_row("withdrawals", f"{history.withdrawals:,}")
    for kind, number in sorted(Counter(each.kind for each in history.written).items()):
        table.add_row(f"{kind}s written", f"{number:,}")
    table.add_row("idle after the last fault", _seconds(result.quiet_after))
    if result.republished:
        table.add_row("events published again", f"{result.republished:,}")
        table.add_row("idle again after", _seconds(result.quiet_again_after))
    counts = Counter(each.kind for each in result.differences)
    for kind in KINDS:
        table.add_row(f"differences: {kind}", f"{'[red]' if counts[kind] else '[green]'}{counts[kind]}")
    _console.print(table)
    if result.under_way:
        _console.print("never idle: " + "; ".join(result.under_way), markup=False)
    details(result.differences)


def details(differences: Sequence[Difference]) -> None:
    """The first differences of each kind."""
    say(f"{len(differences)} differences")
    for kind in KINDS:
        of_kind = [each for each in differences if each.kind == kind]
        for difference in of_kind[:SHOWN]:
            _console.print(f"  {kind}: {difference.what}", markup=False)
        if len(of_kind) > SHOWN:
            _console.print(f"  {kind}: and {len(of_kind) - SHOWN} more", markup=False)


def _seconds(value: float | None) -> str:
    return "[red]never" if value is None else f"{value:.1f} s"
