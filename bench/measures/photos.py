"""The cost of photos: CPU beside vipsthumbnail, bytes of formats at equal similarity, the feed during uploads.

It needs `vipsthumbnail` (Debian, Ubuntu: `apt install libvips-tools`). PHOTOS=FOLDER compares the formats with the
JPEGs and PNGs in this folder instead of with drawn pictures.

With BASE_URL or PORT, an instance that `make demo` has filled, and a Chromium, it also compares the bytes of the photos
on the first screen of the feed with those of the largest JPEGs of the same photos, which is what clients loaded before
there were variants.
"""

import asyncio
import os
import resource
import secrets
import shutil
import subprocess
import time
from collections import Counter
from io import BytesIO
from pathlib import Path
from random import Random
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import aiohttp
import httpx
import pyvips
from PIL import Image, ImageChops
from playwright.sync_api import Browser, sync_playwright

from bench.environment import Environment
from bench.latencies import Latencies, timed_request
from bench.load.wrk import Invalid
from bench.measures.web import logged_in
from bench.report import Report
from demo.images.landscapes import hills, lake
from deploy.tests.standalone_process import Standalone
from shared.images import renditions
from shared.images.variants import RESPONSIVE

ROUNDS = 7
CPU_GOAL = 1.5
"""Times the CPU of vipsthumbnail, less what it takes to start."""
SIZE = (4_000, 3_000)
THUMBNAIL_OPTIONS = {
    "jpg": f"Q={renditions.JPEG_QUALITY},optimize_coding,strip",
    "webp": f"Q={renditions.WEBP_QUALITY},effort={renditions.WEBP_METHOD},strip",
}
SIMILARITY = 0.98
ENCODERS: dict[str, dict[str, Any]] = {
    "JPEG": {"format": "JPEG", "optimize": True, "subsampling": "4:2:0"},
    "progressive JPEG": {"format": "JPEG", "progressive": True, "subsampling": "4:2:0"},
    "WebP": {"format": "WEBP", "method": renditions.WEBP_METHOD},
    "AVIF, speed 9": {"format": "AVIF", "speed": 9, "max_threads": 1},
    "AVIF, speed 8": {"format": "AVIF", "speed": 8, "max_threads": 1},
}
FEED_GOAL = 2.0
"""Times the p99 without uploads."""
UPLOADERS, POSTS, FEED_SECONDS, FEED_PERIOD_SECONDS = 8, 10, 8, 0.03
WIDTHS = (390, 1440)


def measure(_: Environment, report: Report) -> None:
    if shutil.which("vipsthumbnail") is None:
        raise Invalid("there is no vipsthumbnail: install libvips-tools")
    photo = photographic(lake)
    data = jpeg(photo)
    _measure_cpu(data, report)
    _measure_formats(_pictures(photo), report)
    with TemporaryDirectory() as folder, Standalone(Path(folder, "data")).served() as standalone:
        asyncio.run(_measure_feed(standalone.base_url, data, report))
    if os.environ.get("BASE_URL") or os.environ.get("PORT"):
        _measure_screens(report)


def photographic(draw: Any) -> Image.Image:
    """A drawing of 12 megapixels with noise of several scales, as cameras and surfaces have it."""
    drawn, _ = draw((SIZE[0] // 4, SIZE[1] // 4), Random(20))  # noqa: S311 - the same in each run
    picture: Image.Image = drawn.convert("RGB").resize(SIZE, Image.Resampling.BICUBIC)
    for scale, strength in ((1, 8), (3, 10), (12, 12), (50, 14)):
        noise = Image.effect_noise((SIZE[0] // scale, SIZE[1] // scale), strength).resize(SIZE)
        picture = ImageChops.add(picture, Image.merge("RGB", [noise] * 3), offset=-128)
    return picture


def jpeg(picture: Image.Image) -> bytes:
    file = BytesIO()
    picture.save(file, "JPEG", quality=92)
    return file.getvalue()


def _measure_cpu(data: bytes, report: Report) -> None:
    """In turns, so that what else runs on the machine affects both."""
    renditions.render(data)
    ours, theirs = [], []
    with TemporaryDirectory() as folder:
        file = Path(folder, "photo.jpg")
        file.write_bytes(data)
        tiny = Path(folder, "tiny.jpg")
        Image.new("RGB", (1, 1)).save(tiny)
        for _ in range(ROUNDS):
            before = time.process_time()
            renditions.render(data)
            ours.append(time.process_time() - before)
            theirs.append(_cpu_of_thumbnails(file) - _cpu_of_thumbnails(tiny))
    ratio = median(ours) / median(theirs)
    report.say(
        f"All {len(RESPONSIVE.sides) * 2} files of a JPEG of 12 megapixels: {median(ours):.2f} s of CPU with the"
        f" BlurHash, vipsthumbnail {median(theirs):.2f} s without it and without its start."
    )
    report.goal("CPU beside vipsthumbnail", f"at most {CPU_GOAL} times", f"{ratio:.2f} times", held=ratio <= CPU_GOAL)


def _cpu_of_thumbnails(file: Path) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    for side in RESPONSIVE.sides:
        for extension, options in THUMBNAIL_OPTIONS.items():
            subprocess.run(  # noqa: S603 - our own command
                ["vipsthumbnail", str(file), "--size", str(side), "-o", f"{side}.{extension}[{options}]"],  # noqa: S607 - found by PATH
                check=True, cwd=file.parent, env={**os.environ, "VIPS_CONCURRENCY": "1"},
            )  # fmt: skip
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _pictures(photo: Image.Image) -> list[Image.Image]:
    folder = Path(os.environ.get("PHOTOS") or "nowhere")
    files = [each for kind in ("jpg", "jpeg", "png") for each in sorted(folder.glob(f"*.{kind}"))]
    pictures = [Image.open(each).convert("RGB") for each in files] or [photo, photographic(hills)]
    for each in pictures:
        each.thumbnail((1080, 1080), Image.Resampling.LANCZOS)
    return pictures


def _measure_formats(pictures: list[Image.Image], report: Report) -> None:
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in ENCODERS}
    for picture in pictures:
        base = None
        for name, options in ENCODERS.items():
            size, seconds = _cheapest(picture, options)
            base = base or (size, seconds)
            found[name].append((size / base[0], seconds / base[1]))
    rows = [
        [name, *(f"{median(each[part] for each in ratios):.2f}" for part in (0, 1))] for name, ratios in found.items()
    ]
    title = (
        f"Encoding {len(pictures)} pictures of 1,080 pixels at equal similarity (SSIM {SIMILARITY}), relative to JPEG"
    )
    report.table(title, ("format", "bytes", "CPU"), rows)


def _cheapest(picture: Image.Image, options: dict[str, Any]) -> tuple[int, float]:
    """Bytes and CPU seconds at the lowest quality that is similar enough."""
    low, high = 1, 100
    while low < high:
        middle = (low + high) // 2
        if similarity(picture, Image.open(BytesIO(_encoded(picture, middle, options)))) >= SIMILARITY:
            high = middle
        else:
            low = middle + 1
    seconds = []
    for _ in range(3):
        before = time.process_time()
        data = _encoded(picture, low, options)
        seconds.append(time.process_time() - before)
    return len(data), min(seconds)


def _encoded(picture: Image.Image, quality: int, options: dict[str, Any]) -> bytes:
    file = BytesIO()
    picture.save(file, quality=quality, **options)
    return file.getvalue()


def similarity(one: Image.Image, other: Image.Image) -> float:
    """The mean SSIM of the luminance, with a Gaussian window of 1.5 pixels (Wang et al., 2004)."""
    x, y = (
        pyvips.Image.new_from_memory(each.convert("L").tobytes(), *each.size, 1, "uchar").cast("float")
        for each in (one, other)
    )
    mean_x, mean_y = x.gaussblur(1.5), y.gaussblur(1.5)
    variance_x = (x * x).gaussblur(1.5) - mean_x * mean_x
    variance_y = (y * y).gaussblur(1.5) - mean_y * mean_y
    covariance = (x * y).gaussblur(1.5) - mean_x * mean_y
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    over = (mean_x * mean_y * 2 + c1) * (covariance * 2 + c2)
    under = (mean_x * mean_x + mean_y * mean_y + c1) * (variance_x + variance_y + c2)
    return float((over / under).avg())


async def _measure_feed(url: str, data: bytes, report: Report) -> None:
    tokens = [await asyncio.to_thread(_account, url) for _ in range(UPLOADERS + 1)]
    reader, *uploaders = tokens
    await asyncio.to_thread(_publish, url, reader)
    idle, busy, uploads = (Latencies([], Counter()) for _ in range(3))
    async with aiohttp.ClientSession(url, timeout=aiohttp.ClientTimeout(total=90)) as web:
        await _read(web, reader, Latencies([], Counter()), seconds=1)
        for _ in range(ROUNDS):
            await _read(web, reader, idle)
            stop = asyncio.Event()
            running = [asyncio.create_task(_upload(web, each, data, uploads, stop)) for each in uploaders]
            await _read(web, reader, busy)
            stop.set()
            await asyncio.gather(*running)
    report.say(f"Feed without uploads: {idle}; during {UPLOADERS} uploads: {busy}; uploads: {uploads}")
    ratio = busy.p99_ms / idle.p99_ms
    found = f"{ratio:.2f} times ({busy.p99_ms:.1f} ms beside {idle.p99_ms:.1f} ms)"
    report.goal("p99 of the feed during uploads", f"under {FEED_GOAL} times", found, held=ratio < FEED_GOAL)


def _account(url: str) -> str:
    name = f"ada{secrets.token_hex(4)}"
    with httpx.Client(base_url=f"{url}/api/v1", timeout=60) as web:
        account = {"email": f"{name}@example.org", "name": "Ada", "nickname": name, "password": secrets.token_hex(12)}
        web.post("/auth/signup", json=account).raise_for_status()
        login = {"identifier": name, "password": account["password"]}
        token: str = web.post("/auth/login", json=login).raise_for_status().json()["access_token"]
    return token


def _publish(url: str, token: str) -> None:
    small = jpeg(Image.new("RGB", (64, 48), "teal"))
    with httpx.Client(base_url=f"{url}/api/v1", timeout=60, headers={"authorization": f"Bearer {token}"}) as web:
        for _ in range(POSTS):
            media = web.post("/media", files={"file": small}).raise_for_status().json()
            web.post("/posts", json={"media_ids": [media["id"]], "caption": "The harbour"}).raise_for_status()


async def _read(web: aiohttp.ClientSession, token: str, found: Latencies, seconds: float = FEED_SECONDS) -> None:
    """At a constant rate, one request at a time."""
    end = time.perf_counter() + seconds
    while (started := time.perf_counter()) < end:
        await timed_request(web, "/api/v1/feed", found, headers={"authorization": f"Bearer {token}"})
        await asyncio.sleep(max(0.0, started + FEED_PERIOD_SECONDS - time.perf_counter()))


async def _upload(web: aiohttp.ClientSession, token: str, data: bytes, found: Latencies, stop: asyncio.Event) -> None:
    """One after another, until `stop` is set."""
    while not stop.is_set():
        form, headers = aiohttp.FormData({"file": data}), {"authorization": f"Bearer {token}"}
        await timed_request(web, "/api/v1/media", found, "POST", data=form, headers=headers)


def _measure_screens(report: Report) -> None:
    base_url = (os.environ.get("BASE_URL") or f"http://localhost:{os.environ['PORT']}").rstrip("/")
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if chromium is None:
        raise Invalid("there is no Chromium: install one, or set CHROMIUM=/path/to/chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        for width in WIDTHS:
            before, after, count = _screen(browser, base_url, width)
            report.say(
                f"The first screen of the feed at {width} pixels loads {count} photos: {after / 1000:.0f} kB,"
                f" {before / 1000:.0f} kB as the largest JPEGs ({after / before:.2f} times)."
            )
        browser.close()


def _screen(browser: Browser, base_url: str, width: int) -> tuple[int, int, int]:
    """Bytes of the largest JPEGs of the photos that the first screen loads, of what it loads, and their number."""
    with logged_in(browser, base_url, 0, width) as context, httpx.Client(base_url=base_url, timeout=60) as web:
        page = context.new_page()
        page.goto(base_url)
        page.locator(".photo-loaded").first.wait_for()
        page.wait_for_load_state("networkidle")
        shown: list[list[str]] = page.evaluate(LOADED)
        sizes = [[len(web.get(url).raise_for_status().content) for url in pair] for pair in shown]
        page.close()
    before, after = (sum(each) for each in zip(*sizes, strict=True))
    return before, after, len(shown)


LOADED = """() => [...document.querySelectorAll(".post-card .photo img")]
  .filter((each) => each.complete && each.currentSrc)
  .map((each) => [each.getAttribute("src"), new URL(each.currentSrc).pathname])"""
