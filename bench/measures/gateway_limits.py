"""Measures what the gateway's limits are for: `python -m bench.measures.gateway_limits [slow | body | hung ...]`.

The gateway is a process of its own, as in a cluster; stand-ins serve behind it. Everything runs on this machine, the
clients too, so what others do on it at the same time is in the figures. The exit code says whether all bars are held.

- `slow`: 2,000 connections whose heads never come to an end; how long others wait meanwhile.
- `body`: a body of 100 MB in chunks, to a route for documents and to one for uploads; what it costs in memory.
- `hung`: a service that is stopped in the middle of everything; how long the answers of the others take.
"""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import aiohttp
import httpx

from deploy.tests.running import REPOSITORY
from shared.testing.ports import free_port
from shared.testing.waiting import eventually

SLOW_LINES = 2_000
BODY_BYTES = 100_000_000
PER_SECOND = 100
SECONDS = 15
WARM_SECONDS = 3
PATIENCE = aiohttp.ClientTimeout(total=30)
OF_AUTH = "/api/v1/users/0037a52d5f400001"
OF_POSTS = "/api/v1/posts"


@dataclass(frozen=True)
class Figures:
    """How long answers took, in seconds, and their statuses."""

    seconds: list[float]
    statuses: Counter[int]

    @property
    def p99(self) -> float:
        """Milliseconds."""
        return quantiles(self.seconds, n=100)[98] * 1000

    def __str__(self) -> str:
        statuses = ", ".join(f"{status}: {count}" for status, count in sorted(self.statuses.items()))
        return f"median {median(self.seconds) * 1000:.1f} ms, p99 {self.p99:.1f} ms ({statuses})"


@dataclass
class Place:
    """A gateway, what is behind it, and whether all bars were held so far."""

    gateway: subprocess.Popen[str]
    posts: subprocess.Popen[str]
    port: int
    token: str
    held: bool = True

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def memory(self) -> float:
        """Of the gateway, in MB."""
        return resident(self.gateway.pid)

    def report(self, figure: str, value: str, bar: str, *, held: bool) -> None:
        """One line: what was measured, and whether the bar is held."""
        self.held = self.held and held
        print(f"{'ok    ' if held else 'MISSED'} {figure}: {value} (bar: {bar})", flush=True)


@contextmanager
def started(*command: str, **environment: str) -> Iterator[subprocess.Popen[str]]:
    """A process of ours, as long as the block lasts."""
    told = {**os.environ, **environment}
    arguments = [sys.executable, "-m", *command]
    with subprocess.Popen(  # noqa: S603 - our own modules
        arguments, cwd=REPOSITORY, env=told, stdout=subprocess.PIPE, text=True
    ) as running:
        try:
            yield running
        finally:
            running.kill()


@contextmanager
def place() -> Iterator[Place]:
    """Everything that is measured."""
    with ExitStack() as stack:
        most = stack.enter_context(started("bench.stub_services", "auth", "social", "dm"))
        posts = stack.enter_context(started("bench.stub_services", "posts"))
        first, second = _told(most), _told(posts)
        ports = {**first["ports"], **second["ports"]}
        urls = {f"{name.upper()}_URL": f"http://127.0.0.1:{port}" for name, port in ports.items()}
        port = free_port()
        gateway = stack.enter_context(started("gateway.main", PORT=str(port), LOG_LEVEL="error", **urls))
        found = Place(gateway, posts, port, first["token"])
        eventually(lambda: _is_ready(port))
        yield found


def _told(process: subprocess.Popen[str]) -> dict[str, Any]:
    """What a process says first."""
    found: dict[str, Any] = json.loads(process.stdout.readline() if process.stdout else "null")
    return found


def _is_ready(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/readyz", timeout=5).status_code == httpx.codes.OK
    except httpx.TransportError:
        return False


async def asked(here: Place, path: str, seconds: float = SECONDS) -> Figures:
    """Answers at a steady pace, on connections that are kept."""
    figures = Figures([], Counter())
    async with aiohttp.ClientSession(here.url, timeout=PATIENCE) as web, asyncio.TaskGroup() as group:
        beginning = time.perf_counter()
        for number in range(round(PER_SECOND * seconds)):
            await asyncio.sleep(beginning + number / PER_SECOND - time.perf_counter())
            group.create_task(one(web, path, figures))
    return figures


def resident(process: int) -> float:
    """Its memory in MB."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1000


async def one(web: aiohttp.ClientSession, path: str, figures: Figures, method: str = "GET", **request: Any) -> None:
    started_at = time.perf_counter()
    try:
        async with web.request(method, path, **request) as answer:
            await answer.read()
            status = answer.status
    except (aiohttp.ClientError, TimeoutError):
        status = 0
    figures.seconds.append(time.perf_counter() - started_at)
    figures.statuses[status] += 1


async def slow(here: Place) -> None:
    """2,000 slow connections."""
    await asked(here, OF_AUTH, WARM_SECONDS)
    before = await asked(here, OF_AUTH)
    with started("bench.slowloris", str(here.port), str(SLOW_LINES), "heads") as lines:
        await asyncio.to_thread(lines.stdout.readline if lines.stdout else str)
        held = _open_lines(here)
        during = await asked(here, OF_AUTH)
    print(f"       alone: {before}\n       among {held} open connections: {during}")
    fine = during.p99 < 500 and set(during.statuses) == {200}
    here.report(f"others' p99 among {SLOW_LINES:,} slow connections", f"{during.p99:.1f} ms", "500 ms", held=fine)


def _open_lines(here: Place) -> int:
    """Sockets that the gateway has open."""
    folder = Path(f"/proc/{here.gateway.pid}/fd")
    return sum(1 for each in folder.iterdir() if str(each.readlink()).startswith("socket:"))


async def body(here: Place) -> None:
    """100 MB in chunks."""
    for path, what in (("/api/v1/auth/login", "a document"), ("/api/v1/media", "an upload")):
        await asked(here, OF_AUTH, WARM_SECONDS)
        before = here.memory
        memory = [before]
        watching = asyncio.create_task(_watch(here, memory))
        status, sent = await _pour(here, path)
        watching.cancel()
        grown = max(memory) - before
        value = f"{status} after {sent / 1_000_000:.1f} MB, memory grew by {grown:.1f} MB"
        here.report(f"100 MB in chunks as {what}", value, "413, 20 MB", held=status == 413 and grown < 20)


async def _watch(here: Place, memory: list[float]) -> None:
    while True:
        memory.append(here.memory)
        await asyncio.sleep(0.02)


async def _pour(here: Place, path: str) -> tuple[int, int]:
    """Send 100 MB, whatever is said meanwhile; the status of the answer, and how many bytes were taken."""
    reader, writer = await asyncio.open_connection("127.0.0.1", here.port)
    head = f"POST {path} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {here.token}\r\n"
    writer.write(f"{head}Transfer-Encoding: chunked\r\n\r\n".encode())
    answering = asyncio.create_task(reader.readline())
    chunk, sent = b"10000\r\n" + b"x" * 65_536 + b"\r\n", 0
    with suppress(OSError):
        while sent < BODY_BYTES:
            writer.write(chunk)
            await writer.drain()
            sent += 65_536
    status = b""
    with suppress(OSError):
        status = (await answering)[9:12]
    writer.close()
    return int(status or 0), sent


async def hung(here: Place) -> None:
    """A service that is stopped."""
    await asked(here, OF_AUTH, WARM_SECONDS)
    before = await asked(here, OF_AUTH)
    here.posts.send_signal(signal.SIGSTOP)
    try:
        during, of_posts = await asyncio.gather(asked(here, OF_AUTH), asked(here, OF_POSTS))
    finally:
        here.posts.send_signal(signal.SIGCONT)
    print(f"       all well: {before}\n       meanwhile: {during}\n       of the one that hangs: {of_posts}")
    fine = during.p99 < 1.5 * before.p99 + 5 and set(during.statuses) == {200} and set(of_posts.statuses) == {503}
    value = f"p99 {before.p99:.1f} ms before, {during.p99:.1f} ms while posts hangs, all answered"
    here.report(
        "answers of the others", value, "half as much again and 5 ms, none failed; of posts only 503", held=fine
    )


FIGURES = {"slow": slow, "body": body, "hung": hung}


def main() -> None:
    """Measure what is named, or everything."""
    chosen = sys.argv[1:] or list(FIGURES)
    with place() as here:
        for name in chosen:
            asyncio.run(FIGURES[name](here))
        sys.exit(0 if here.held else 1)


if __name__ == "__main__":
    main()
