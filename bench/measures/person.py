"""A person's posts, 10 of them, asked for by others."""

import random
from collections.abc import Sequence
from statistics import median

from bench.costs import Ratio, totals
from bench.environment import Stage
from bench.load.requests import Shot
from bench.measures.reads import ALONE, OURS, STOCK, compared, latencies, tell
from bench.report import Report
from bench.systems import System, person

AT_MOST = 1 / 3


def measure(stage: Stage, report: Report) -> None:
    """With each number of posts a person."""
    for posts_each in stage.sizes:
        people = stage.society(posts_each).people

        def asked(
            system: System, tokens: dict[int, str], readers: Sequence[int], all_: Sequence[int] = people
        ) -> list[Shot]:
            chance = random.Random(3)  # noqa: S311 - both systems are asked the same
            return [person(system, tokens[each], chance.choice(all_)) for each in readers]

        costs = compared(stage, asked)
        tell(report, f"{posts_each} posts a person, one's posts by 10, 16 connections", costs)
        ratio = Ratio.of(totals(costs[OURS]), totals(costs[ALONE]))
        name = f"a person's posts, {posts_each} each, part of {ALONE}"
        report.goal(name, f"at most 1/3 = {AT_MOST:.3g}", str(ratio), held=ratio.median <= AT_MOST)
        latencies(stage, report, asked, 0.5 * median(each.load.rate for each in costs[STOCK]))
