"""The memory of each process, and the CPU of each tier, without requests."""

import time

from bench.accounting import resident, used
from bench.environment import Environment
from bench.report import Report
from bench.systems import Ours, start, stop
from chaos.processes import Process
from shared.testing.ports import free_port

MOST_EACH = 90.0
MOST_STANDALONE = 160.0
IDLE_SECONDS = 5.0


def measure(environment: Environment, report: Report) -> None:
    """Ours, the baseline's, and the standalone of all five."""
    environment.society(environment.options.posts[0])
    rows = [(f"{name}, of ours", f"{resident(each.pid):.1f}") for name, each in environment.ours.processes.items()]
    worst = max(resident(each.pid) for each in environment.ours.processes.values())
    rows += [(name, f"{resident(each.pid):.1f}") for name, each in environment.baseline.processes.items()]
    whole = _standalone(environment)
    report.table(
        "Resident memory, ready and idle, in MB (10^6 bytes)", ("", "MB"), [*rows, ("standalone", f"{whole:.1f}")]
    )
    report.goal("each process", f"at most {MOST_EACH:.0f} MB", f"at most {worst:.1f} MB", held=worst <= MOST_EACH)
    held = whole <= MOST_STANDALONE
    report.goal("standalone, all five in one", f"at most {MOST_STANDALONE:.0f} MB", f"{whole:.1f} MB", held=held)
    idle = [(tier, f"{micros:,.0f}") for tier, micros in _idle(environment.ours).items()]
    report.table("CPU of ours in a second in which nothing is asked, in us", ("", "us"), idle)
    report.picture("memory", "Resident memory of idle processes", {name: float(value) for name, value in rows}, "MB")


def _idle(ours: Ours) -> dict[str, float]:
    before = used(ours.tiers())
    time.sleep(IDLE_SECONDS)
    after = used(ours.tiers())
    return {tier: (after[tier] - before[tier]) / IDLE_SECONDS * 1e6 for tier in after}


def _standalone(environment: Environment) -> float:
    told = {"DATA_DIR": str(environment.folder / "data")}
    process = Process("standalone", ["-m", "deploy.standalone"], told, environment.folder, free_port())
    start([process])
    try:
        return resident(process.pid)
    finally:
        stop([process])
