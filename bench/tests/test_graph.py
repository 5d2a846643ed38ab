"""The generated graph has the shape of the real one; a file is read correctly."""

import random
from collections import Counter

from bench import graph


def test_generated_graph_has_the_degree_distribution_of_the_real_one() -> None:
    edges = graph.made(random.Random(1))
    friends = Counter(person for edge in edges for person in edge)
    assert len(edges) == len(set(edges)) == graph.FRIENDSHIPS
    assert friends.keys() == set(range(graph.PEOPLE))
    assert 200 <= max(friends.values()) <= graph.MOST_FRIENDS
    assert all(a < b for a, b in edges)


def test_generated_graph_is_deterministic() -> None:
    assert graph.made(random.Random(1)) == graph.made(random.Random(1))


def test_each_friendship_is_read_once() -> None:
    assert graph.read("% a comment\n7 3\n3 7\n9 9\n9 3\n") == [(0, 1), (0, 2)]
