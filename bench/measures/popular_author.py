"""The cost of a new post, including fan-out, by the number of followers of its author."""

from functools import partial

from bench.costs import HEAD, Cost, Ratio, cost, in_turn, middles, row, totals
from bench.dataset import AGE, Dataset, people, uploads
from bench.environment import Environment
from bench.report import Report
from bench.systems import new_post
from shared import clock

AT_MOST = 1.5
FEW, VERY_MANY = 1_000, 100_000
POSTS = 100
"""Of each run."""
CONNECTIONS = 4


def measure(environment: Environment, report: Report) -> None:
    """The first run, in which the author becomes popular, is not counted."""
    rounds = min(3, environment.options.rounds)
    persons = people(VERY_MANY + 2, clock.now() - AGE - clock.DAY)
    modest, popular, *followers = persons
    follows = [(follower, popular) for follower in followers]
    follows += [(follower, modest) for follower in followers[:FEW]]
    needed = (rounds + 1) * (POSTS + 2 * CONNECTIONS)
    dataset = Dataset("popular-author", persons, follows, [], uploads=uploads({modest: needed, popular: needed}))
    environment.play(dataset)
    runs = {
        f"{number:,} followers": partial(_post, environment, who)
        for number, who in ((FEW, modest), (VERY_MANY, popular))
    }
    in_turn(runs, 1)
    costs = in_turn(runs, rounds)
    report.table(f"{POSTS} posts a run, {CONNECTIONS} connections", HEAD, [row(*each) for each in costs.items()])
    report.picture("popular-author", "CPU of a new post, by how many follow its author", middles(costs), "us")
    ratio = Ratio.of(totals(costs[f"{VERY_MANY:,} followers"]), totals(costs[f"{FEW:,} followers"]))
    name = f"a post with {VERY_MANY:,} followers, times one with {FEW:,}"
    report.goal(name, f"at most {AT_MOST}", str(ratio), held=ratio.median <= AT_MOST)


def _post(environment: Environment, author: int) -> Cost:
    token = environment.signer.token(author)
    mine = environment.uploads[environment.ours.name][author]
    requests = [new_post(environment.ours, token, mine.pop()) for _ in range(POSTS + 2 * CONNECTIONS)]
    return cost(environment.ours, requests, POSTS, connections=CONNECTIONS)
