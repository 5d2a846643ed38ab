"""The cost of a page of 10 posts of a user, for other users."""

import random
from collections.abc import Sequence
from statistics import median

from bench.costs import Ratio, totals
from bench.environment import Environment
from bench.load.requests import Request
from bench.measures.reads import ALONE, BASELINE, OURS, compared, latencies, tell
from bench.report import Report
from bench.systems import System, person

AT_MOST = 1 / 3


def measure(environment: Environment, report: Report) -> None:
    """With each number of posts per user."""
    for posts_each in environment.sizes:
        people = environment.society(posts_each).people

        def asked(
            system: System, tokens: dict[int, str], readers: Sequence[int], all_: Sequence[int] = people
        ) -> list[Request]:
            chance = random.Random(3)  # noqa: S311 - both systems are asked the same
            return [person(system, tokens[each], chance.choice(all_)) for each in readers]

        costs = compared(environment, asked)
        tell(report, f"{posts_each} posts a person, one's posts by 10, 16 connections", costs)
        ratio = Ratio.of(totals(costs[OURS]), totals(costs[ALONE]))
        name = f"a person's posts, {posts_each} each, part of {ALONE}"
        report.goal(name, f"at most 1/3 = {AT_MOST:.3g}", str(ratio), held=ratio.median <= AT_MOST)
        latencies(environment, report, asked, 0.5 * median(each.load.rate for each in costs[BASELINE]))
