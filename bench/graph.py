"""The social graph: the friendships of a file, or a generated graph with the shape of socfb-Reed98."""

import random
from itertools import accumulate
from pathlib import Path

PEOPLE = 962
FRIENDSHIPS = 18_812
MOST_FRIENDS = 313
SPREAD = 0.85
"""Of the logarithm of how sociable people are; with it numbers of friends are spread as in the real graph."""

Edge = tuple[int, int]
"""Two who follow each other, by their numbers from 0."""


def graph(path: Path | None) -> tuple[list[Edge], str]:
    """The friendships, and their source."""
    if path is not None:
        return read(path.read_text()), path.name
    return made(random.Random(98)), "generated, in the shape of socfb-Reed98"  # noqa: S311 - the same in each run


def read(text: str) -> list[Edge]:
    """One `a b` pair per line; users are renumbered in order of appearance."""
    pairs = [(int(a), int(b)) for a, b in (line.split() for line in text.splitlines() if line[:1].isdigit())]
    numbers = {person: number for number, person in enumerate(sorted({each for pair in pairs for each in pair}))}
    return sorted({_ordered(numbers[a], numbers[b]) for a, b in pairs if a != b})


def made(chance: random.Random) -> list[Edge]:
    """As many users and friendships as the real graph, with a similar distribution and the same maximum degree."""
    weights = list(accumulate(chance.lognormvariate(0, SPREAD) for _ in range(PEOPLE)))
    friends = [0] * PEOPLE
    found = {_ordered(person, (person + 1) % PEOPLE) for person in range(PEOPLE)}  # so that every user has a friend
    for pair in found:
        for each in pair:
            friends[each] += 1
    while len(found) < FRIENDSHIPS:
        a, b = chance.choices(range(PEOPLE), cum_weights=weights, k=2)
        if a == b or max(friends[a], friends[b]) >= MOST_FRIENDS or _ordered(a, b) in found:
            continue
        found.add(_ordered(a, b))
        friends[a] += 1
        friends[b] += 1
    return sorted(found)


def _ordered(a: int, b: int) -> Edge:
    return (a, b) if a < b else (b, a)
