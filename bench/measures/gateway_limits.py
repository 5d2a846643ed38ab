"""What the gateway's limits prevent. The gateway is a separate process; stub services run behind it.

- 2,000 connections whose heads never end: the latency of other clients.
- A chunked body of 100 MB, to a JSON route and to an upload: the memory that it costs.
- A service that hangs: the latency of the other services.
"""

import asyncio
import json
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import httpx

from bench.accounting import resident
from bench.environment import Environment
from bench.latencies import POSTS_PATH, TIMEOUT, Latencies, first_line, started, timed_request
from bench.report import Report
from shared.service_list import NAMES
from shared.testing.ports import free_port
from shared.testing.waiting import eventually

SLOW_CONNECTIONS = 2_000
BODY_BYTES = 100_000_000
PER_SECOND = 100
SECONDS = 15
WARM_SECONDS = 3
USERS_PATH = "/api/v1/users/0037a52d5f400001"


@dataclass
class Gateway:
    """The gateway process, and the stub of posts behind it."""

    process: subprocess.Popen[str]
    posts: subprocess.Popen[str]
    port: int
    token: str

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def memory(self) -> float:
        """Of the gateway, in MB."""
        return resident(self.process.pid)


@contextmanager
def running_gateway() -> Iterator[Gateway]:
    with ExitStack() as stack:
        most = stack.enter_context(started("bench.stub_services", *(each for each in NAMES if each != "posts")))
        posts = stack.enter_context(started("bench.stub_services", "posts"))
        first, second = json_line(most), json_line(posts)
        ports = {**first["ports"], **second["ports"]}
        urls = {f"{name.upper()}_URL": f"http://127.0.0.1:{port}" for name, port in ports.items()}
        port = free_port()
        gateway = stack.enter_context(started("gateway.main", PORT=str(port), LOG_LEVEL="error", **urls))
        found = Gateway(gateway, posts, port, first["token"])
        eventually(lambda: _is_ready(port))
        yield found


def json_line(process: subprocess.Popen[str]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(first_line(process))
    return found


def _is_ready(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/readyz", timeout=5).status_code == httpx.codes.OK
    except httpx.TransportError:
        return False


async def request_at_constant_rate(gateway: Gateway, path: str, seconds: float = SECONDS) -> Latencies:
    """Send requests at a constant rate on keep-alive connections."""
    latencies = Latencies([], Counter())
    async with aiohttp.ClientSession(gateway.url, timeout=TIMEOUT) as web, asyncio.TaskGroup() as group:
        beginning = time.perf_counter()
        for number in range(round(PER_SECOND * seconds)):
            await asyncio.sleep(beginning + number / PER_SECOND - time.perf_counter())
            group.create_task(timed_request(web, path, latencies))
    return latencies


async def slow_connections(gateway: Gateway, report: Report) -> None:
    await request_at_constant_rate(gateway, USERS_PATH, WARM_SECONDS)
    before = await request_at_constant_rate(gateway, USERS_PATH)
    with started("bench.slowloris", str(gateway.port), str(SLOW_CONNECTIONS), "heads") as lines:
        await asyncio.to_thread(first_line, lines)
        held = _open_sockets(gateway)
        during = await request_at_constant_rate(gateway, USERS_PATH)
    report.say(f"Without them: {before}. Among {held} open connections: {during}.")
    fine = during.p99_ms < 500 and set(during.statuses) == {200}
    report.goal(
        f"others' p99 among {SLOW_CONNECTIONS:,} slow connections", f"{during.p99_ms:.1f} ms", "500 ms", held=fine
    )


def _open_sockets(gateway: Gateway) -> int:
    number = 0
    for file in Path(f"/proc/{gateway.process.pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # closed meanwhile
            number += str(file.readlink()).startswith("socket:")
    return number


async def large_bodies(gateway: Gateway, report: Report) -> None:
    for path, what in (("/api/v1/auth/login", "a document"), ("/api/v1/media", "an upload")):
        await request_at_constant_rate(gateway, USERS_PATH, WARM_SECONDS)
        before = gateway.memory
        memory = [before]
        watching = asyncio.create_task(_watch(gateway, memory))
        status, sent = await _send_body(gateway, path)
        watching.cancel()
        grown = max(memory) - before
        value = f"{status} after {sent / 1_000_000:.1f} MB, memory grew by {grown:.1f} MB"
        report.goal(f"100 MB in chunks as {what}", value, "413, 20 MB", held=status == 413 and grown < 20)


async def _watch(gateway: Gateway, memory: list[float]) -> None:
    while True:
        memory.append(gateway.memory)
        await asyncio.sleep(0.02)


async def _send_body(gateway: Gateway, path: str) -> tuple[int, int]:
    """Send 100 MB, ignoring responses meanwhile. Returns the status, and the number of bytes accepted."""
    reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
    head = f"POST {path} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {gateway.token}\r\n"
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


async def hanging_service(gateway: Gateway, report: Report) -> None:
    await request_at_constant_rate(gateway, USERS_PATH, WARM_SECONDS)
    before = await request_at_constant_rate(gateway, USERS_PATH)
    gateway.posts.send_signal(signal.SIGSTOP)
    try:
        during, of_hanging = await asyncio.gather(
            request_at_constant_rate(gateway, USERS_PATH), request_at_constant_rate(gateway, POSTS_PATH)
        )
    finally:
        gateway.posts.send_signal(signal.SIGCONT)
    report.say(f"Before: {before}. Meanwhile: {during}. Of the service that hangs: {of_hanging}.")
    fine = (
        during.p99_ms < 1.5 * before.p99_ms + 5 and set(during.statuses) == {200} and set(of_hanging.statuses) == {503}
    )
    value = f"p99 {before.p99_ms:.1f} ms before, {during.p99_ms:.1f} ms while posts hangs, all answered"
    report.goal(
        "answers of the others", value, "half as much again and 5 ms, none failed; of posts only 503", held=fine
    )


def measure(_: Environment, report: Report) -> None:
    with running_gateway() as gateway:
        for figure in (slow_connections, large_bodies, hanging_service):
            asyncio.run(figure(gateway, report))
