"""The cost of processes as the kernel counts it: CPU seconds and resident memory, by tier."""

import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from chaos.containers import Container, docker

TICKS = os.sysconf("SC_CLK_TCK")
TIERS = ("gateway", "service", "database", "broker")
Tiers = Mapping[str, Iterable[int]]
"""The first processes of each tier; their children count with them."""


@dataclass(frozen=True)
class Process:
    """One line of the process table."""

    pid: int
    parent: int
    seconds: float
    """CPU so far, including children that have ended and were waited for."""


def parsed(stat: str) -> Process:
    """One `/proc/PID/stat` (proc(5)). The name in it may contain spaces and brackets."""
    pid = int(stat[: stat.index(" ")])
    fields = stat[stat.rindex(")") + 2 :].split()
    return Process(pid, int(fields[1]), sum(map(int, fields[11:15])) / TICKS)


def table() -> dict[int, Process]:
    """All processes of this machine."""
    found: dict[int, Process] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            process = parsed(stat.read_text())
        except OSError:  # it has ended meanwhile
            continue
        found[process.pid] = process
    return found


def family(processes: Mapping[int, Process], root: int) -> set[int]:
    """The process and all its descendants."""
    found = {root}
    grown = True
    while grown:
        more = {each.pid for each in processes.values() if each.parent in found} - found
        found |= more
        grown = bool(more)
    return found


def used(tiers: Tiers) -> dict[str, float]:
    """CPU seconds of each tier so far."""
    processes = table()
    return {
        tier: sum(processes[pid].seconds for root in roots for pid in family(processes, root) if pid in processes)
        for tier, roots in tiers.items()
    }


Threads = Mapping[str, int]
"""What each thread has counted so far, by its folder in /proc."""


def wake_ups(tiers: Tiers) -> dict[str, Threads]:
    """Voluntary context switches of the running threads of each tier so far."""
    processes = table()
    return {
        tier: {
            thread: number
            for root in roots
            for pid in family(processes, root)
            for thread, number in _wake_ups_alone(pid).items()
        }
        for tier, roots in tiers.items()
    }


def more(before: Threads, after: Threads) -> int:
    """The increase; the last increase of a thread that has ended is unknown."""
    return sum(number - before.get(thread, 0) for thread, number in after.items())


def _wake_ups_alone(pid: int) -> dict[str, int]:
    found: dict[str, int] = {}
    for status in Path(f"/proc/{pid}/task").glob("*/status"):
        with suppress(OSError):  # it has ended meanwhile
            fields = dict(line.split(":", 1) for line in status.read_text().splitlines())
            found[str(status.parent)] = int(fields.get("voluntary_ctxt_switches", 0))
    return found


def resident(root: int) -> float:
    """Megabytes (10^6 bytes) of a process and its children; shared memory is counted for each."""
    return sum(map(_resident_alone, family(table(), root)))


def _resident_alone(pid: int) -> float:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS")) / 1e6


def pid_of(container: Container) -> int:
    """The id of the container's first process on this machine."""
    return int(docker("inspect", "--format={{.State.Pid}}", container.name))
