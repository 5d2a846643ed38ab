"""Load by wrk: several connections, each with a new request after each response, for a number of responses."""

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
"""The maximum CPU share of a generator; above it, the generator was the bottleneck."""


class Invalid(Exception):
    """A run without a valid result."""


@dataclass(frozen=True)
class Burst:
    """The result; times in milliseconds."""

    answers: int
    seconds: float
    p50: float
    p90: float
    p99: float
    generator: float
    """Part of a core that the generator itself used."""

    @property
    def rate(self) -> float:
        """Responses per second."""
        return self.answers / self.seconds


def burst(port: int, requests: Iterable[Request], connections: int, answers: int) -> Burst:
    """Raises Invalid if a response is not 2xx or 3xx, or if the generator was the bottleneck."""
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
    """Its path; exits with instructions if it is not installed."""
    return shutil.which("wrk") or sys.exit("wrk is needed and not here: install it (Debian, Ubuntu: apt install wrk)")


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
