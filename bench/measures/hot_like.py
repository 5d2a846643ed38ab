"""Whether likes of one post wait for each other more than likes of many posts, and whether all are counted."""

from collections.abc import Sequence
from statistics import median

import httpx

from bench.costs import Ratio
from bench.dataset import AGE, Dataset, people, posted
from bench.environment import Environment
from bench.load.requests import Request
from bench.load.wrk import Burst, burst
from bench.report import Report
from bench.systems import API, id_text, like
from shared import clock

AT_LEAST = 0.8
CLIENTS = 32
POSTS = 1_000
LIKES = 2_000
"""Of each run, each by another user."""


def measure(environment: Environment, report: Report) -> None:
    """Alternately on one post and on all posts."""
    rounds = environment.options.rounds
    since = clock.now() - AGE
    persons = people(LIKES * (rounds + 1), since - clock.DAY)
    dataset = environment.play(Dataset("likers", persons, [], posted(persons[:POSTS], since)))
    all_posts = [post.id for post in dataset.posts]
    hot: list[Burst] = []
    spread: list[Burst] = []
    exact = True
    for number in range(rounds + 1):
        tokens = list(environment.tokens(persons[LIKES * number : LIKES * (number + 1)]).values())
        one = all_posts[number]
        hot.append(_liked(environment, tokens, [one]))
        exact = exact and _count(environment, one, tokens[0]) == LIKES
        spread.append(_liked(environment, tokens, all_posts[rounds + 1 :]))
    counted = [(f"one post, {name}", each) for name, each in zip(("warm-up", *range(rounds)), hot, strict=True)]
    counted += [
        (f"{POSTS:,} posts, {name}", each) for name, each in zip(("warm-up", *range(rounds)), spread, strict=True)
    ]
    rows = [(name, f"{each.rate:,.0f}", f"{each.p50:.1f}", f"{each.p99:.1f}") for name, each in counted]
    report.table(f"{LIKES:,} likes by {CLIENTS} clients", ("", "likes/s", "p50 ms", "p99 ms"), rows)
    ratio = Ratio.of([each.rate for each in hot[1:]], [each.rate for each in spread[1:]])
    report.goal(
        "rate on one post, of the rate spread", f"at least {AT_LEAST}", str(ratio), held=ratio.median >= AT_LEAST
    )
    report.goal("likes counted in the end", "exact", "exact" if exact else "not exact", held=exact)
    values = {
        "one post": median(each.rate for each in hot[1:]),
        f"{POSTS:,} posts": median(each.rate for each in spread[1:]),
    }
    report.picture("hot-like", f"Likes a second by {CLIENTS} clients", values, "/s")


def _liked(environment: Environment, tokens: Sequence[str], posts: Sequence[int]) -> Burst:
    requests: list[Request] = [like(environment.ours, token, posts[n % len(posts)]) for n, token in enumerate(tokens)]
    return burst(environment.ours.port(), requests, CLIENTS, LIKES)


def _count(environment: Environment, post: int, token: str) -> int:
    address = f"http://127.0.0.1:{environment.ours.port()}{API}/posts/{id_text(environment.ours, post)}"
    answer = httpx.get(address, headers={"authorization": f"Bearer {token}"}, timeout=10).raise_for_status()
    return int(answer.json()["like_count"])
