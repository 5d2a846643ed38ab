"""Scrolls through 1,000 posts of the web client's feed: frames that came late, work for each frame, and memory.

The newest 100 posts of the instance are repeated with other ids, by a `fetch` of the page's own, so that nothing has to
be uploaded; all their photos are real.
"""

from typing import Any

from playwright.sync_api import BrowserContext

POSTS = 1000
PIXELS_PER_FRAME = 120
FRAME_MS = 1000 / 60
MEASURED_AT = (100, POSTS)
"""Memory is compared at these numbers of posts."""
MANY_POSTS = """
const realFetch = fetch;
let template = null;
let made = 0;
window.fetch = async (address, options) => {
  if (!String(address).includes("/api/v1/feed")) return realFetch(address, options);
  template ??= (await (await realFetch("/api/v1/posts?limit=100")).json()).items;
  const items = Array.from({ length: Math.min(10, %POSTS% - made) }, () => {
    const post = template[made %% template.length];
    const id = `9${String(1e9 - made++)}`;
    return { ...post, id };
  });
  return Response.json({ items, next_cursor: made < %POSTS% ? String(made) : null });
};
""".replace("%POSTS%", str(POSTS)).replace("%%", "%")
SCROLL = """async ([posts, pixels]) => {
  const frames = [];
  let before = performance.now();
  const frame = () => new Promise(requestAnimationFrame);
  while (true) {
    const now = await frame();
    frames.push(now - before);
    before = now;
    scrollBy({ top: pixels, behavior: "instant" });
    const cards = document.querySelectorAll(".post-card");
    const atEnd = scrollY + innerHeight >= document.documentElement.scrollHeight - 2;
    if (cards.length >= posts && (posts < %POSTS% || atEnd)) return frames;
    if (frames.length > 20000) throw new Error(`only ${cards.length} posts after 20,000 frames`);
  }
}""".replace("%POSTS%", str(POSTS))


def scrolled(context: BrowserContext, base_url: str) -> dict[str, float]:
    """The figures of scrolling through all posts once."""
    page = context.new_page()
    page.add_init_script(MANY_POSTS)
    page.goto(base_url)
    page.locator(".post-card .photo-loaded").first.wait_for()
    protocol = page.context.new_cdp_session(page)
    protocol.send("Performance.enable", {"timeDomain": "threadTicks"})
    frames: list[float] = []
    memory: list[dict[str, float]] = []
    before = _metrics(protocol)
    for posts in MEASURED_AT:
        frames += page.evaluate(SCROLL, [posts, PIXELS_PER_FRAME])
        protocol.send("HeapProfiler.collectGarbage")
        memory.append(_metrics(protocol))
    after = memory[-1]
    figures = {
        "frames": len(frames),
        "late frames, %": 100 * sum(1 for each in frames if each > 1.5 * FRAME_MS) / len(frames),
        "main thread for a frame, ms": 1000 * (after["TaskDuration"] - before["TaskDuration"]) / len(frames),
        "elements in the page": page.evaluate("document.getElementsByTagName('*').length"),
    }
    for posts, each in zip(MEASURED_AT, memory, strict=True):
        figures[f"heap after {posts} posts, MB"] = each["JSHeapUsedSize"] / 1e6
        figures[f"nodes after {posts} posts"] = each["Nodes"]
    page.close()
    return figures


def _metrics(protocol: Any) -> dict[str, float]:
    return {each["name"]: each["value"] for each in protocol.send("Performance.getMetrics")["metrics"]}
