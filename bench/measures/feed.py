"""The cost of a home feed page of 10 posts."""

from collections.abc import Sequence
from statistics import median

from bench.costs import Cost, Ratio, totals
from bench.environment import Environment
from bench.load.requests import Request
from bench.measures.reads import ALONE, BARE, BASELINE, OURS, WARM, compared, latencies, tell
from bench.report import Report
from bench.systems import System, feed

AT_MOST = 1 / 4
AT_MOST_WARM = 1 / 8
BUDGET = 1_200 / 50
"""1.2 ms where a bare uvicorn answer costs 50 us."""


def measure(environment: Environment, report: Report) -> None:
    """With each number of posts per user."""
    for posts_each in environment.sizes:
        dataset = environment.society(posts_each)
        report.say(f"{posts_each} posts a person: {dataset.sizes()}.")
        costs = compared(environment, _asked)
        tell(report, f"{posts_each} posts a person, home feed of 10, 16 connections", costs)
        _judge(report, posts_each, costs)
        latencies(environment, report, _asked, 0.5 * median(each.load.rate for each in costs[BASELINE]))


def _asked(_system: System, tokens: dict[int, str], readers: Sequence[int]) -> list[Request]:
    return [feed(tokens[each]) for each in readers]


def _judge(report: Report, posts_each: int, costs: dict[str, list[Cost]]) -> None:
    for side, bar in ((OURS, AT_MOST), (WARM, AT_MOST_WARM)):
        ratio = Ratio.of(totals(costs[side]), totals(costs[ALONE]))
        name = f"feed, {posts_each} posts a person, {side}, part of {ALONE}"
        report.goal(name, f"at most 1/{1 / bar:.0f} = {bar:.3g}", str(ratio), held=ratio.median <= bar)
    of_bare = Ratio.of(totals(costs[OURS]), totals(costs[BARE]))
    bar_text = f"at most {BUDGET:.0f}: 1.2 ms where it costs 50 us"
    name = f"feed, {posts_each} posts a person, times a {BARE}"
    report.goal(name, bar_text, str(of_bare), held=of_bare.median <= BUDGET)
