"""The cost of each process without requests: CPU, wake-ups and SQL statements per second."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sqlalchemy import text

from bench.accounting import Tiers, more, resident, used, wake_ups
from bench.environment import Environment
from bench.report import Report
from bench.statement_counter import counted
from bench.systems import Ours, start, stop
from chaos.containers import NoEngine
from chaos.processes import Process
from shared.testing.ports import free_port

MOST_STANDALONE_CPU = 5.0
MOST_PROCESS_CPU = 3.0
MOST_STATEMENTS = 2.0
MOST_START_SECONDS = 2.0
MOST_MEGABYTES = 120.0
SETTLE_SECONDS = 15.0
"""Until the effects of the start and of readiness checks are over, such as idle connections."""
HEAD = ("", "CPU, ms/s", "wake-ups/s")


@dataclass(frozen=True)
class Idle:
    """Of one process, per second: milliseconds of CPU, and voluntary context switches of all its threads."""

    cpu: float
    wake_ups: float


def measure(environment: Environment, report: Report) -> None:
    """The standalone at its second start; then each process of the cluster, if there is a container engine."""
    seconds = environment.options.idle_seconds
    report.say(f"Counted for {seconds:.0f} s in which nothing is asked.")
    _standalone(environment, report, seconds)
    try:
        with environment.ours_alone() as ours:
            _cluster(ours, report, seconds)
    except NoEngine as problem:
        report.say(f"The cluster is left out: there is no container engine ({problem}).")


def _standalone(environment: Environment, report: Report, seconds: float) -> None:
    file = environment.folder / "statements"
    told = {"DATA_DIR": str(environment.folder / "idle")}
    process = Process("standalone", ["-m", "bench.statement_counter", str(file)], told, environment.folder, free_port())
    start([process])
    stop([process])
    began = time.monotonic()
    start([process])
    ready = time.monotonic() - began
    try:
        spent = used({"standalone": [process.pid]})["standalone"]
        found, statements = _idle({"standalone": [process.pid]}, lambda: counted(file), seconds)
        memory = resident(process.pid)
    finally:
        stop([process])
    one = found["standalone"]
    report.table(
        "The standalone, on SQLite",
        (*HEAD, "SQL/s", "MB"),
        [(*_row("standalone", one), f"{statements:.2f}", f"{memory:.0f}")],
    )
    report.say(f"Its second start takes {ready:.1f} s and {spent:.1f} s of CPU.")
    _at_most(report, "CPU of the idle standalone, ms a second", MOST_STANDALONE_CPU, one.cpu)
    _at_most(report, "second start of the standalone, s", MOST_START_SECONDS, ready)
    _at_most(report, "memory of the idle standalone, MB", MOST_MEGABYTES, memory)


def _cluster(ours: Ours, report: Report, seconds: float) -> None:
    engine = next(iter(ours.engines.values()))
    with engine.connect() as connection:

        def statements() -> int:
            return int(connection.execute(text("SHOW GLOBAL STATUS LIKE 'Questions'")).one()[1])

        roots = {name: [process.pid] for name, process in ours.processes.items()}
        found, asked = _idle(roots, statements, seconds)
    report.table("The cluster, on MySQL and RabbitMQ", HEAD, [_row(name, each) for name, each in found.items()])
    report.say(f"MySQL is asked {asked:.2f} statements a second by all of them.")
    report.picture("idle", "CPU of idle processes", {name: each.cpu for name, each in found.items()}, "ms/s")
    _at_most(report, "CPU of an idle process, ms a second", MOST_PROCESS_CPU, max(each.cpu for each in found.values()))
    _at_most(report, "SQL statements of the idle cluster a second", MOST_STATEMENTS, asked)


def _idle(roots: Tiers, statements: Callable[[], int], seconds: float) -> tuple[Mapping[str, Idle], float]:
    """Each process, and the statements per second of all."""
    time.sleep(SETTLE_SECONDS)
    cpu, woken, asked = used(roots), wake_ups(roots), statements()
    began = time.monotonic()
    time.sleep(seconds)
    took = time.monotonic() - began
    cpu_after, woken_after, asked_after = used(roots), wake_ups(roots), statements()
    idle = {
        name: Idle((cpu_after[name] - cpu[name]) / took * 1e3, more(woken[name], woken_after[name]) / took)
        for name in roots
    }
    return idle, (asked_after - asked) / took


def _row(name: str, idle: Idle) -> tuple[str, str, str]:
    return name, f"{idle.cpu:.2f}", f"{idle.wake_ups:.1f}"


def _at_most(report: Report, name: str, most: float, found: float) -> None:
    report.goal(name, f"at most {most:.0f}", f"{found:.2f}", held=found <= most)
