"""Injects faults into the system, at times drawn from the seed before the run starts."""

import random
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from chaos.system import Fault, System

ROUND_SECONDS = 300  # every kind of fault occurs once in this time
POLL_SECONDS = 0.5
EFFECT_WAIT_SECONDS = 60.0


@dataclass(frozen=True)
class Planned:
    """A fault with its start and its duration in seconds."""

    at: float
    fault: Fault
    seconds: float


def planned(chance: random.Random, faults: Sequence[Fault], seconds: float) -> list[list[Planned]]:
    """Two plans that run in parallel: network partitions, and faults of containers."""
    rounds = max(1, round(seconds / ROUND_SECONDS))
    cuts = [fault for fault in faults if fault.kind == "partition"] * rounds
    others = [fault for fault in faults if fault.kind != "partition"] * rounds
    chance.shuffle(others)
    return [list(_spread(chance, kind, seconds)) for kind in (cuts, others)]


def _spread(chance: random.Random, faults: Sequence[Fault], seconds: float) -> Iterator[Planned]:
    slot = seconds / max(1, len(faults))
    for number, fault in enumerate(faults):
        lasting = min(fault.seconds, slot * 0.7)
        yield Planned(number * slot + chance.uniform(0, (slot - lasting) * 0.8), fault, lasting)


class FaultInjector:
    """Runs the plans in threads, and restarts processes until the end of `with`."""

    def __init__(self, system: System, seed: int, seconds: float, kills: int) -> None:
        chance = random.Random(f"faults {seed}")  # noqa: S311 - reproducible from the seed
        self._system = system
        self._seconds = seconds
        names = sorted(system.processes)
        times = sorted(chance.uniform(1, seconds) for _ in range(kills))
        self._kills = [(at, chance.choice(names)) for at in times]
        self._plans = planned(chance, system.faults(), seconds)
        self.fault_counts: Counter[str] = Counter()
        self._over = threading.Event()
        self._began = 0.0
        self._works: list[Future[None]] = []
        self._threads = ThreadPoolExecutor(len(self._plans) + 2, thread_name_prefix="faults")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._threads.shutdown()

    def start(self) -> None:
        self._began = time.monotonic()
        self._works = [self._threads.submit(self._inject, plan) for plan in self._plans]
        self._works.append(self._threads.submit(self._kill))
        self._threads.submit(self._watch)

    def wait(self) -> None:
        """Until all faults have ended and the time is over. Raises the error of a fault that could not be injected."""
        for work in as_completed(self._works):
            work.result()
        self._sleep_until(self._seconds)

    def _sleep_until(self, at: float) -> None:
        self._over.wait(max(0.0, self._began + at - time.monotonic()))

    def _kill(self) -> None:
        for at, name in self._kills:
            self._sleep_until(at)
            if self._over.is_set():
                return
            self._system.processes[name].kill()
            self.fault_counts["kill process"] += 1

    def _inject(self, plan: Sequence[Planned]) -> None:
        for each in plan:
            self._sleep_until(each.at)
            if self._over.is_set():
                return
            each.fault.begin()
            time.sleep(each.seconds)
            self._wait_for_effect(each.fault)
            each.fault.end()
            self.fault_counts[f"{each.fault.kind} {each.fault.part}"] += 1

    def _wait_for_effect(self, fault: Fault) -> None:
        ends = time.monotonic() + EFFECT_WAIT_SECONDS
        while not fault.has_effect() and time.monotonic() < ends:
            time.sleep(POLL_SECONDS)

    def _watch(self) -> None:
        while not self._over.wait(POLL_SECONDS):
            for process in self._system.processes.values():
                process.restart_if_ended()
