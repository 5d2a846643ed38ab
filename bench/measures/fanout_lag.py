"""The time from the response until a new post is in the feeds of 313 followers, under half of the capacity."""

import time
from concurrent.futures import ThreadPoolExecutor
from statistics import quantiles

import httpx
from sqlalchemy import text

from bench.capacity import capacity
from bench.environment import Environment
from bench.load.constant_rate import stream
from bench.load.requests import Request
from bench.measures.reads import STREAM_HEAD, stream_row
from bench.mixing import Mix
from bench.report import Report
from bench.systems import new_post

AT_MOST_MS = 250.0
POSTS = 100
EVERY_SECONDS = 0.2
LOOK_SECONDS = 0.002
PATIENCE = 30.0


def measure(environment: Environment, report: Report) -> None:
    """The author is the one with the most followers."""
    dataset = environment.society(environment.options.posts[0])
    mix = Mix(environment, environment.ours)
    half = capacity(environment.ours, mix.requests, environment.options.seconds).rate / 2
    author, followers = dataset.followers.most_common(1)[0]
    token = environment.signer.token(author)
    requests = [new_post(environment.ours, token, each) for each in environment.extra_uploads(author, POSTS)]
    background = mix.requests(int(half * (POSTS * EVERY_SECONDS + 1)))
    with ThreadPoolExecutor(1) as pool:
        beside = pool.submit(stream, environment.ours.port(), background, half)
        lags = [_lag(environment, request, followers + 1) for request in requests]
    p99 = quantiles(lags, n=100)[98]
    report.table("Meanwhile, half of capacity", STREAM_HEAD, [stream_row("ours", beside.result())])
    middle, longest = sorted(lags)[len(lags) // 2], max(lags)
    found = f"p50 {middle:.0f} ms, p99 {p99:.0f} ms, longest {longest:.0f} ms, {len(lags)} posts"
    report.goal(f"in {followers} feeds", f"p99 at most {AT_MOST_MS:.0f} ms", found, held=p99 <= AT_MOST_MS)
    times = {"p50": middle, "p99": p99, "longest": longest}
    report.picture("fanout-lag", f"From the answer until in {followers} feeds", times, "ms")


def _lag(environment: Environment, request: Request, feeds: int) -> float:
    """In milliseconds, by polling the table."""
    headers = {"authorization": f"Bearer {request.token}", "content-type": "application/json"}
    address = f"http://127.0.0.1:{environment.ours.port()}{request.target}"
    answer = httpx.post(address, content=request.body, headers=headers, timeout=10).raise_for_status()
    answered = time.perf_counter()
    statement = text("SELECT COUNT(*) FROM timeline WHERE post_id = :post")
    post = {"post": int(answer.json()["id"], 16)}
    with environment.ours.engines["posts"].connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        while connection.execute(statement, post).scalar_one() < feeds:
            if time.perf_counter() - answered > PATIENCE:
                raise TimeoutError("a post is not in all feeds")
            time.sleep(LOOK_SECONDS)
    lag = time.perf_counter() - answered
    time.sleep(max(0.0, EVERY_SECONDS - lag))
    return 1_000 * lag
