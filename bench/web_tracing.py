"""What opening the web client's feed costs, whatever else runs on the machine: requests, bytes, and CPU time.

CPU times are those of the main thread from Chromium's tracing, multiplied by the slowdown of the measured phone.
"""

import json
import statistics
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, CDPSession

CATEGORIES = ["toplevel", "devtools.timeline"]
TASKS = ("ThreadControllerImpl::RunTask", "RunTask")
MAIN_THREAD = "CrRendererMain"
PATIENCE_MS = 120_000.0
FIRST_PHOTO = "() => performance.getEntriesByType('resource').some((each) => each.name.includes('/api/v1/media/'))"
REQUESTS = """() => {
  const all = performance.getEntriesByType("resource");
  const photo = all.find((each) => each.name.includes("/api/v1/media/"));
  const before = all.filter((each) => each.startTime < photo.startTime);
  const scripts = before.filter((each) => each.name.endsWith(".js"));
  const size = (list) => list.reduce((sum, each) => sum + each.encodedBodySize, 0);
  return { requests: before.length + 1, bytes: size(before), scripts: scripts.length, script_bytes: size(scripts) };
}"""


def traced(browser: Browser, context: BrowserContext, address: str, rounds: int, slowdown: int) -> dict[str, float]:
    """The figures of opening the feed with a cold cache: medians of the rounds."""
    found = [_once(browser, context, address, slowdown) for _ in range(rounds)]
    return {name: statistics.median(each[name] for each in found) for name in found[0]}


def _once(browser: Browser, context: BrowserContext, address: str, slowdown: int) -> dict[str, float]:
    page = context.new_page()
    _clear_cache(context.new_cdp_session(page))
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "trace.json"
        browser.start_tracing(page=page, path=file, categories=CATEGORIES)
        page.goto(address, wait_until="commit")
        page.wait_for_function(FIRST_PHOTO, timeout=PATIENCE_MS)
        page.wait_for_load_state("networkidle", timeout=PATIENCE_MS)
        browser.stop_tracing()
        tasks = sorted(_task_times(json.loads(file.read_text())["traceEvents"]))
    counted: dict[str, float] = page.evaluate(REQUESTS)
    page.close()
    return {
        "longest task of the main thread, CPU ms": slowdown * tasks[-1],
        "all tasks of the main thread, CPU ms": slowdown * sum(tasks),
        "requests before the first photo": counted["requests"],
        "kB before the first photo": counted["bytes"] / 1000,
        "scripts before the first photo": counted["scripts"],
        "kB of scripts before the first photo": counted["script_bytes"] / 1000,
    }


def _clear_cache(protocol: CDPSession) -> None:
    protocol.send("Network.enable")
    protocol.send("Network.clearBrowserCache")


def _task_times(events: list[dict[str, Any]]) -> Iterator[float]:
    """CPU milliseconds of each task of the page's main thread: the renderer's that ran the most scripts."""
    mains = [
        (event["pid"], event["tid"])
        for event in events
        if event["name"] == "thread_name" and event["args"]["name"] == MAIN_THREAD
    ]
    timed = [event for event in events if event.get("ph") == "X" and "tdur" in event]

    def scripts(thread: tuple[int, int]) -> int:
        called = [event for event in timed if event["name"] == "FunctionCall"]
        return sum(event["tdur"] for event in called if (event["pid"], event["tid"]) == thread)

    page_thread = max(mains, key=scripts)
    for event in timed:
        if event["name"] in TASKS and (event["pid"], event["tid"]) == page_thread:
            yield event["tdur"] / 1000
