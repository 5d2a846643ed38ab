"""How soon the web client shows the feed on a slow phone, a message to the other side, and the cost of scrolling.

PIXELFED=FOLDER (`public/` of its repository) measures the client of Pixelfed in the same way.
It needs a Chromium, and a running instance that `make demo` has filled, at BASE_URL or at PORT of this machine. The
connection has 1.6 Mbit/s and 150 ms latency, the CPU is slowed four times, the cache is cold, the server warm. "First
render" is the first text on the screen, "first photos" the first photo of a post.
"""

import os
import shutil
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from bench.environment import Environment
from bench.load.wrk import Invalid
from bench.report import Report
from bench.web_pixelfed import pixelfed
from bench.web_scrolling import scrolled
from bench.web_tracing import traced
from demo.people import PASSWORD, PEOPLE

ROUNDS = 5
PATIENCE_MS = 120_000.0
SLOWED = 4
BYTES_PER_SECOND = 1_600_000 / 8
LATENCY_MS = 150
MESSAGES = 20
GOALS = {"first render": 1800, "first photos": 2500, "layout shift": 0.02, "longest task": 100, "message": 150}
"""Milliseconds, but for the layout shift."""
SCROLLING_GOALS = {"main thread for a frame, ms": 16.6, "heap after 1000 posts, MB": 80}
"""The first leaves room for 60 frames a second. Frames also come late because of what else runs on the machine."""
TRACING_GOALS = {"longest task of the main thread, CPU ms": 100, "kB of scripts before the first photo": 45}
"""These do not depend on what else runs on the machine."""
NOTE = """
window.noted = { shift: 0, task: 0, photo: 0 };
new PerformanceObserver((list) => list.getEntries().forEach((e) => { if (!e.hadRecentInput) noted.shift += e.value; }))
  .observe({ type: "layout-shift", buffered: true });
new PerformanceObserver((list) => list.getEntries().forEach((e) => { noted.task = Math.max(noted.task, e.duration); }))
  .observe({ type: "longtask", buffered: true });
document.addEventListener("load", (event) => {
  if (event.target.currentSrc?.includes("/api/v1/media/")) noted.photo ||= performance.now();
}, true);
"""


def measure(_: Environment, report: Report) -> None:
    """PIXELFED names the folder public/ of a Pixelfed, which is then measured too."""
    public = Path(os.environ["PIXELFED"]) if os.environ.get("PIXELFED") else None
    base_url = (os.environ.get("BASE_URL") or f"http://localhost:{os.environ.get('PORT') or 8080}").rstrip("/")
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if chromium is None:
        raise Invalid("there is no Chromium: install one, or set CHROMIUM=/path/to/chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        found = {**feeds(browser, base_url), "message": messages(browser, base_url)}
        with logged_in(browser, base_url, 0, 390) as context:
            scrolling = scrolled(context, base_url)
        with logged_in(browser, base_url, 0, 390) as context:
            tracing = traced(browser, context, base_url, ROUNDS, SLOWED)
        beside = feeds_of_pixelfed(browser, base_url, public) if public else {}
        browser.close()
    for name, values in found.items():
        values.sort()
        median = statistics.median(values)
        found_text = f"{median:.3f} ({values[0]:.3f} to {values[-1]:.3f})"
        report.goal(name, f"at most {GOALS[name]}", found_text, held=median <= GOALS[name])
    for name, values in beside.items():
        report.say(f"Pixelfed: {name} {statistics.median(values):.3f} ({min(values):.3f} to {max(values):.3f})")
    for title, figures, goals in (("scrolling", scrolling, SCROLLING_GOALS), ("opening", tracing, TRACING_GOALS)):
        for name, value in figures.items():
            goal = goals.get(name)
            if goal is None:
                report.say(f"{title}: {name} {value:.1f}")
            else:
                report.goal(f"{title}: {name}", f"at most {goal}", f"{value:.1f}", held=value <= goal)


def feeds(browser: Browser, base_url: str) -> dict[str, list[float]]:
    """Open the feed repeatedly, each time with a cold cache."""
    with logged_in(browser, base_url, 0, 390) as context:
        return opened(context, base_url)


def feeds_of_pixelfed(browser: Browser, base_url: str, public: Path) -> dict[str, list[float]]:
    context = browser.new_context(viewport={"width": 390, "height": 844}, service_workers="block")
    with pixelfed(public, base_url) as address:
        found = opened(context, address)
        context.close()
    return found


def opened(context: BrowserContext, address: str) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {"first render": [], "first photos": [], "layout shift": [], "longest task": []}
    for _ in range(ROUNDS):
        page = context.new_page()
        slow(page)
        page.add_init_script(NOTE)
        page.goto(address, wait_until="commit")
        page.wait_for_function("() => noted.photo > 0", timeout=PATIENCE_MS)
        page.wait_for_load_state("networkidle", timeout=PATIENCE_MS)
        paint = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
        noted: dict[str, float] = page.evaluate("noted")
        found["first render"].append(paint)
        found["first photos"].append(noted["photo"])
        found["layout shift"].append(noted["shift"])
        found["longest task"].append(noted["task"])
        page.close()
    return found


def slow(page: Page) -> None:
    protocol = page.context.new_cdp_session(page)
    protocol.send("Network.enable")
    protocol.send("Network.clearBrowserCache")
    line: dict[str, Any] = {"offline": False, "latency": LATENCY_MS, "downloadThroughput": BYTES_PER_SECOND}
    protocol.send("Network.emulateNetworkConditions", {**line, "uploadThroughput": BYTES_PER_SECOND})
    protocol.send("Emulation.setCPUThrottlingRate", {"rate": SLOWED})


def messages(browser: Browser, base_url: str) -> list[float]:
    """From Enter in one browser to the text on the screen of the other, without throttling."""
    found = []
    with logged_in(browser, base_url, 0, 1280) as left, logged_in(browser, base_url, 2, 1280) as right:
        pages = [context.new_page() for context in (left, right)]
        for page in pages:
            page.goto(f"{base_url}/messages")
            name = PEOPLE[2 if page is pages[0] else 0].name
            page.get_by_role("link", name=name).first.click()
            page.get_by_role("log").wait_for()
            page.wait_for_load_state("networkidle")
        for number in range(MESSAGES):
            text = f"measured {time.time_ns()} {number}"
            pages[0].get_by_role("textbox").fill(text)
            pages[1].evaluate(ARRIVAL, text)
            started = pages[0].evaluate("() => performance.timeOrigin + performance.now()")
            pages[0].keyboard.press("Enter")
            found.append(pages[1].evaluate("() => window.arrival") - started)
    return found


ARRIVAL = """(text) => {
  window.arrival = new Promise((resolve) => {
    const look = () => document.body.innerText.includes(text) ? resolve(performance.timeOrigin + performance.now())
      : requestAnimationFrame(look);
    look();
  });
}"""


@contextmanager
def logged_in(browser: Browser, base_url: str, number: int, width: int) -> Iterator[BrowserContext]:
    """A browser with a logged-in demo user."""
    context = browser.new_context(
        viewport={"width": width, "height": 844}, locale="en-GB", service_workers="block", device_scale_factor=1
    )
    page = context.new_page()
    page.goto(f"{base_url}/login")
    page.locator("[name=identifier]").fill(PEOPLE[number].email)
    page.locator("[name=password]").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.locator(".post-card").first.wait_for()
    page.close()
    yield context
    context.close()
