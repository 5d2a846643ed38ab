"""What slow clients cost the others: `python -m bench.measures.starvation`, a minute and a half.

A standalone serves 100 clients that do not read a photo of some megabytes, 50 that send an upload and 50 that send a
head a byte a second. Beside them, and from the same address, honest clients look at the photo, upload pictures and read
lists. None of them may be refused.
"""

import asyncio
import os
import secrets
import sys
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

from deploy.tests.running import Standalone

from .gateway_limits import OF_POSTS, PATIENCE, Figures, one, resident, started

SECONDS = 40
MEDIA = "/api/v1/media"


async def measure(whole: Standalone) -> bool:
    """Whether no honest request was refused."""
    token, path, picture = await asyncio.to_thread(_a_photo, whole.base_url)
    memory = resident(whole.running().pid)
    with ExitStack() as stack:
        for count, *kind in ((100, "deaf", path, ""), (50, "uploads", MEDIA, token), (50, "heads")):
            slow_ones = stack.enter_context(started("bench.slowloris", str(whole.port), str(count), *map(str, kind)))
            await asyncio.to_thread(slow_ones.stdout.readline if slow_ones.stdout else str)
        figures = await _honest(whole.base_url, token, path, picture)
        grown = resident(whole.running().pid) - memory
    for name, kinds in figures.items():
        print(f"       {name}: {kinds}")
    statuses = sum((kinds.statuses for kinds in figures.values()), Counter[int]())
    refused = statuses.total() - statuses[200] - statuses[201]
    print(f"{'MISSED' if refused else 'ok    '} honest requests refused: {refused} of {statuses.total()} (bar: 0)")
    print(f"       the one process of all five grew by {grown:.0f} MB")
    return not refused


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


async def _honest(url: str, token: str, path: str, picture: bytes) -> dict[str, Figures]:
    """Ask as clients do, each kind at its pace, beside one another."""
    bearer = {"authorization": f"Bearer {token}"}
    figures = {name: Figures([], Counter()) for name in ("pictures", "uploads", "lists")}
    async with aiohttp.ClientSession(url, timeout=PATIENCE) as web:

        async def repeat(name: str, every: float, **request: Any) -> None:
            beginning = time.perf_counter()
            while time.perf_counter() - beginning < SECONDS:
                form = aiohttp.FormData({"file": picture}) if name == "uploads" else None
                await one(web, figures=figures[name], data=form, **request)
                await asyncio.sleep(every)

        await asyncio.gather(
            repeat("pictures", 0.25, method="GET", path=path),
            repeat("uploads", 1.0, method="POST", path=MEDIA, headers=bearer),
            repeat("lists", 0.1, method="GET", path=OF_POSTS),
        )
    return figures


def main() -> None:
    """The exit code says whether the bar is held."""
    with TemporaryDirectory() as folder, Standalone(Path(folder, "data")).served() as whole:
        held = asyncio.run(measure(whole))
    sys.exit(0 if held else 1)


if __name__ == "__main__":
    main()
