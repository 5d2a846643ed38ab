"""Latencies and statuses of responses, and the processes that a measurement starts."""

import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median, quantiles
from typing import Any

import aiohttp

from deploy.tests.standalone_process import REPOSITORY

TIMEOUT = aiohttp.ClientTimeout(total=30)
POSTS_PATH = "/api/v1/posts"


@dataclass(frozen=True)
class Latencies:
    seconds: list[float]
    statuses: Counter[int]

    @property
    def p99_ms(self) -> float:
        return quantiles(self.seconds, n=100)[98] * 1000

    def __str__(self) -> str:
        statuses = ", ".join(f"{status}: {count}" for status, count in sorted(self.statuses.items()))
        return f"median {median(self.seconds) * 1000:.1f} ms, p99 {self.p99_ms:.1f} ms ({statuses})"


async def timed_request(
    http: aiohttp.ClientSession, path: str, latencies: Latencies, method: str = "GET", **options: Any
) -> None:
    """Status 0 stands for a request without a response."""
    started_at = time.perf_counter()
    try:
        async with http.request(method, path, **options) as response:
            await response.read()
            status = response.status
    except (aiohttp.ClientError, TimeoutError):
        status = 0
    latencies.seconds.append(time.perf_counter() - started_at)
    latencies.statuses[status] += 1


@contextmanager
def started(*command: str, **settings: str) -> Iterator[subprocess.Popen[str]]:
    """A process of this repository, until the end of the block."""
    with subprocess.Popen(  # noqa: S603 - our own modules
        [sys.executable, "-m", *command],
        cwd=REPOSITORY, env={**os.environ, **settings}, stdout=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        try:
            yield process
        finally:
            process.kill()


def first_line(process: subprocess.Popen[str]) -> str:
    return process.stdout.readline() if process.stdout else ""
