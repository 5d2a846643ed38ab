"""The time from the response to a like until a WebSocket of the author has its notification, at half of capacity."""

import asyncio
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from statistics import median, quantiles
from typing import Any

import aiohttp
import uvloop

from bench.capacity import capacity
from bench.dataset import Post
from bench.environment import Environment
from bench.listening import listening
from bench.load.constant_rate import stream
from bench.measures.reads import STREAM_HEAD, stream_row
from bench.mixing import Mix
from bench.report import Report
from bench.systems import like

AT_MOST_MS = 250.0
LIKES = 200
EVERY_SECONDS = 0.1
PATIENCE = 30.0


def measure(environment: Environment, report: Report) -> None:
    """Each like is the first one of its post in this run, by a follower of the author."""
    dataset = environment.society(environment.options.posts[0])
    mix = Mix(environment, environment.ours)
    half = capacity(environment.ours, mix.requests, environment.options.seconds).rate / 2
    liked = {post for _, post in dataset.likes}
    posts = [post for post in dataset.posts if post.id not in liked][:LIKES]
    if len(posts) < LIKES:
        raise RuntimeError("too few posts without a like")
    background = mix.requests(int(half * (LIKES * EVERY_SECONDS + 1)))
    with ThreadPoolExecutor(1) as pool:
        beside = pool.submit(stream, environment.ours.port(), background, half)
        delays = uvloop.run(_delays(environment, posts))
    report.table("Meanwhile, half of capacity", STREAM_HEAD, [stream_row("ours", beside.result())])
    p99 = quantiles(delays, n=100)[98]
    found = f"p50 {median(delays):.0f} ms, p99 {p99:.0f} ms, longest {max(delays):.0f} ms, {len(delays)} likes"
    report.goal("a like on the author's WebSocket", f"p99 at most {AT_MOST_MS:.0f} ms", found, held=p99 <= AT_MOST_MS)
    times = {"p50": median(delays), "p99": p99, "longest": max(delays)}
    report.picture("notified", "From the like until its notification arrives", times, "ms")


async def _delays(environment: Environment, posts: Sequence[Post]) -> list[float]:
    """In milliseconds, one like after the other."""
    authors = environment.tokens({post.author for post in posts})
    fans = {followee: follower for follower, followee in environment.dataset.follows}
    tokens = environment.tokens({fans[post.author] for post in posts})
    port, arrival = environment.ours.port(), asyncio.Event()
    times: list[float] = []
    expected = ""

    def on_event(token: str, name: str, _: dict[str, Any], arrived: float) -> None:
        if name.startswith("notification.") and token == expected:
            times.append(arrived)
            arrival.set()

    delays = []
    async with (
        aiohttp.ClientSession(f"http://127.0.0.1:{port}", timeout=aiohttp.ClientTimeout(total=PATIENCE)) as http,
        listening(port, authors.values(), on_event),
    ):
        for post in posts:
            arrival.clear()
            expected = authors[post.author]
            request = like(environment.ours, tokens[fans[post.author]], post.id)
            headers = {"authorization": f"Bearer {request.token}"}
            async with http.request(request.method, request.target, headers=headers) as response:
                response.raise_for_status()
            answered = time.perf_counter()
            await asyncio.wait_for(arrival.wait(), PATIENCE)
            delays.append((times[-1] - answered) * 1_000)
            await asyncio.sleep(max(0.0, answered + EVERY_SECONDS - time.perf_counter()))
    return delays
