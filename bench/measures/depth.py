"""Whether the cost of a page depends on its depth, or on the number of posts of the author."""

from collections.abc import Sequence
from functools import partial

import httpx

from bench.costs import HEAD, Cost, Ratio, cost, in_turn, middles, row, totals
from bench.dataset import AGE, Dataset, people, posted
from bench.environment import Environment, walk
from bench.load.requests import Request
from bench.report import Report
from bench.systems import System, feed, person
from shared import clock

AT_MOST = 1.1
READERS = 60
FEW, MANY = 10, 1_000
POSTS = 1_010
"""That a feed must hold for its hundredth page of 10 to be full."""


def measure(environment: Environment, report: Report) -> None:
    """Feeds of the social graph, then lists of authors with many and few posts."""
    _depth(environment, report)
    _history(environment, report)


def _depth(environment: Environment, report: Report) -> None:
    each_posts = environment.options.posts[-1]
    dataset = environment.society(each_posts)
    readers = [who for who in dataset.people if len(dataset.followed_by[who]) * each_posts >= POSTS][:READERS]
    if not readers:
        report.say(f"Page 100 is not measured: nobody's feed has {POSTS} posts at {each_posts} a person.")
        return
    costs: dict[str, list[Cost]] = {}
    for system in environment.systems:
        tokens = environment.tokens(readers)
        first = [feed(tokens[who]) for who in readers]
        deep = [_hundredth(system, tokens[who]) for who in readers]
        pages = {f"{system.name}, page 1": first, f"{system.name}, page 100": deep}
        costs |= _compared(environment, system, pages)
    _tell(report, "Pages of a home feed", costs, "page 100, times page 1", ("ours, page 100", "ours, page 1"))


def _history(environment: Environment, report: Report) -> None:
    since = clock.now() - AGE
    persons = people(2 * READERS, since - clock.DAY)
    short, long = persons[:READERS], persons[READERS:]
    authors = [author for turn in range(MANY) for author in (*long, *(short if turn < FEW else ()))]
    environment.play(Dataset("histories", persons, [(short[0], long[0])], posted(authors, since)))
    costs: dict[str, list[Cost]] = {}
    for system in environment.systems:
        token = environment.signer.token(short[0])
        lists = {
            f"{system.name}, of {FEW}": [person(system, token, author) for author in short],
            f"{system.name}, of {MANY:,}": [person(system, token, author) for author in long],
        }
        costs |= _compared(environment, system, lists)
    pair = f"ours, of {MANY:,}", f"ours, of {FEW}"
    _tell(report, "Lists of a person's posts, first page", costs, f"{MANY:,} posts a person, times {FEW}", pair)


def _hundredth(system: System, token: str) -> Request:
    """After 990 posts: 9 pages of 100, and one of 90."""
    with httpx.Client(base_url=f"http://127.0.0.1:{system.port()}", timeout=30) as web:
        hundreds = walk(web, feed(token, limit=100), 9)[-1]["next_cursor"]
        rest = walk(web, _after(feed(token, limit=90), hundreds), 1)[-1]["next_cursor"]
        return _after(feed(token), rest)


def _after(request: Request, cursor: object) -> Request:
    return Request(request.method, f"{request.target}&cursor={cursor}", request.token)


def _compared(environment: Environment, system: System, sides: dict[str, list[Request]]) -> dict[str, list[Cost]]:
    runs = {name: partial(cost, system, requests, environment.answers(system)) for name, requests in sides.items()}
    in_turn(runs, 1)
    return in_turn(runs, environment.options.rounds)


def _tell(report: Report, title: str, costs: dict[str, list[Cost]], goal: str, pair: Sequence[str]) -> None:
    report.table(title, HEAD, [row(*each) for each in costs.items()])
    report.picture(f"depth-{title.partition(' ')[0].lower()}", f"CPU of a request: {title}", middles(costs), "us")
    ratio = Ratio.of(totals(costs[pair[0]]), totals(costs[pair[1]]))
    report.goal(goal, f"at most {AT_MOST}", str(ratio), held=ratio.median <= AT_MOST)
