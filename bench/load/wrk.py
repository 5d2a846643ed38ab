"""Load by wrk: some connections, each with a new request as soon as the last is answered, for a number of answers."""

import json
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from bench.load.requests import Request, write

SCRIPT = Path(__file__).with_name("wrk.lua")
LONGEST = 120
"""Seconds that a run may take."""
BUSY = 0.9
"""A generator that used more of its core than this measured itself."""


class Invalid(Exception):
    """A run that says nothing about the system."""


@dataclass(frozen=True)
class Burst:
    """What came back; times in milliseconds."""

    answers: int
    seconds: float
    p50: float
    p90: float
    p99: float
    generator: float
    """Part of a core that the generator itself used."""

    @property
    def rate(self) -> float:
        """Answers in a second."""
        return self.answers / self.seconds


def burst(port: int, requests: Iterable[Request], connections: int, answers: int) -> Burst:
    """Raises Invalid where any answer is not 2xx or 3xx, or where the generator was the bottleneck."""
    with tempfile.NamedTemporaryFile() as file:
        write(Path(file.name), requests)
        options = ["-t1", f"-c{connections}", f"-d{LONGEST}s", "--timeout=30s", f"--script={SCRIPT}"]
        command = [wrk(), *options, f"http://127.0.0.1:{port}", "--", file.name, str(answers)]
        before = _children()
        done = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603 - our own command
        spent = _children() - before
    told = json.loads(done.stdout.splitlines()[-1])
    refused, broken = told.pop("refused"), told.pop("broken")
    if refused or broken:
        raise Invalid(f"{refused} answers were refusals, {broken} never came")
    found = Burst(**told, generator=spent / told["seconds"])
    if found.generator > BUSY:
        raise Invalid(f"wrk used {found.generator:.0%} of its core")
    return found


def wrk() -> str:
    """Where it is; without it the run ends with the remedy."""
    return shutil.which("wrk") or sys.exit("wrk is needed and not here: install it (Debian, Ubuntu: apt install wrk)")


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
