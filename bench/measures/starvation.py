"""What slow clients cost the others, on a standalone.

100 clients do not read an image of some megabytes, 50 send an upload and 50 a request head at a byte per second. From
the same address, other clients read the image, upload images and read lists. None of these requests may fail.
"""

import asyncio
import os
import secrets
import time
from collections import Counter
from contextlib import ExitStack
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import aiohttp
import httpx
from PIL import Image

from bench.accounting import resident
from bench.environment import Environment
from bench.latencies import POSTS_PATH, TIMEOUT, Latencies, first_line, started, timed_request
from bench.report import Report
from deploy.tests.standalone_process import Standalone

SECONDS = 40
MEDIA = "/api/v1/media"


def measure(_: Environment, report: Report) -> None:
    with TemporaryDirectory() as folder, Standalone(Path(folder, "data")).served() as standalone:
        asyncio.run(_measure(standalone, report))


async def _measure(standalone: Standalone, report: Report) -> None:
    token, path, picture = await asyncio.to_thread(_a_photo, standalone.base_url)
    memory = resident(standalone.running().pid)
    with ExitStack() as stack:
        for count, *kind in ((100, "no-reading", path, ""), (50, "uploads", MEDIA, token), (50, "heads")):
            slow_clients = stack.enter_context(
                started("bench.slowloris", str(standalone.port), str(count), *map(str, kind))
            )
            await asyncio.to_thread(first_line, slow_clients)
        latencies = await _other_clients(standalone.base_url, token, path, picture)
        grown = resident(standalone.running().pid) - memory
    for name, kinds in latencies.items():
        report.say(f"{name}: {kinds}")
    statuses = sum((kinds.statuses for kinds in latencies.values()), Counter[int]())
    refused = statuses.total() - statuses[200] - statuses[201]
    report.say(f"The memory of the process grew by {grown:.0f} MB.")
    report.goal("failed requests of other clients", "0", f"{refused} of {statuses.total()}", held=not refused)


def _a_photo(url: str) -> tuple[str, str, bytes]:
    """A token, the path of a stored photo of several megabytes, and a small picture to upload."""
    pixels = Image.frombytes("1", (2048, 2048), os.urandom(2048 * 256))
    name = f"ada{secrets.token_hex(4)}"
    with httpx.Client(base_url=f"{url}/api/v1", timeout=60) as web:
        account = {"email": f"{name}@example.org", "name": "Ada", "nickname": name, "password": secrets.token_hex(12)}
        web.post("/auth/signup", json=account).raise_for_status()
        login = {"identifier": name, "password": account["password"]}
        token = web.post("/auth/login", json=login).raise_for_status().json()["access_token"]
        bearer = {"authorization": f"Bearer {token}"}
        stored = web.post("/media", files={"file": _png(pixels)}, headers=bearer).raise_for_status().json()
    return token, stored["url"], _png(pixels.crop((0, 0, 64, 64)))


def _png(pixels: Image.Image) -> bytes:
    content = BytesIO()
    pixels.save(content, "PNG")
    return content.getvalue()


async def _other_clients(url: str, token: str, path: str, picture: bytes) -> dict[str, Latencies]:
    """Send requests of each kind at its rate, concurrently."""
    bearer = {"authorization": f"Bearer {token}"}
    latencies = {name: Latencies([], Counter()) for name in ("pictures", "uploads", "lists")}
    async with aiohttp.ClientSession(url, timeout=TIMEOUT) as web:

        async def repeat(name: str, every: float, **request: Any) -> None:
            beginning = time.perf_counter()
            while time.perf_counter() - beginning < SECONDS:
                form = aiohttp.FormData({"file": picture}) if name == "uploads" else None
                await timed_request(web, latencies=latencies[name], data=form, **request)
                await asyncio.sleep(every)

        await asyncio.gather(
            repeat("pictures", 0.25, method="GET", path=path),
            repeat("uploads", 1.0, method="POST", path=MEDIA, headers=bearer),
            repeat("lists", 0.1, method="GET", path=POSTS_PATH),
        )
    return latencies
