"""Whether the cost of a home feed depends on the number of followed users."""

import random
from functools import partial

from bench.costs import HEAD, Cost, Ratio, cost, in_turn, middles, row, totals
from bench.dataset import AGE, Dataset, people, posted
from bench.environment import Environment
from bench.report import Report
from bench.systems import feed
from shared import clock

AT_MOST = 1.1
AUTHORS, POSTS_EACH, READERS = 5_000, 10, 30
FEW = 50


def measure(environment: Environment, report: Report) -> None:
    """Some users follow 50, others 5,000."""
    since = clock.now() - AGE
    persons = people(AUTHORS + 2 * READERS, since - clock.DAY)
    authors, of_few, of_all = persons[:AUTHORS], persons[AUTHORS:-READERS], persons[-READERS:]
    chance = random.Random(5_000)  # noqa: S311 - the same in each run
    follows = [(reader, author) for reader in of_few for author in chance.sample(authors, FEW)]
    follows += [(reader, author) for reader in of_all for author in authors]
    environment.play(Dataset("followed", persons, follows, posted(authors * POSTS_EACH, since)))
    costs: dict[str, list[Cost]] = {}
    for system in environment.systems:
        tokens = environment.tokens([*of_few, *of_all])
        sides = {
            f"{system.name}, {number:,} followed": partial(
                cost, system, [feed(tokens[reader]) for reader in readers], environment.answers(system)
            )
            for number, readers in ((FEW, of_few), (AUTHORS, of_all))
        }
        in_turn(sides, 1)
        costs |= in_turn(sides, environment.options.rounds)
    report.table("Home feed of 10", HEAD, [row(*each) for each in costs.items()])
    report.picture("followed", "CPU of a home feed of 10, by how many are followed", middles(costs), "us")
    ratio = Ratio.of(totals(costs[f"ours, {AUTHORS:,} followed"]), totals(costs[f"ours, {FEW} followed"]))
    name = f"a feed of {AUTHORS:,} followed, times one of {FEW}"
    report.goal(name, f"at most {AT_MOST}", str(ratio), held=ratio.median <= AT_MOST)
