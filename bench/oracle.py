"""The expected lists of posts, computed from the whole dataset, and a comparison with responses."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bench.dataset import Dataset, Post


class Wrong(Exception):
    """A response differs from the expected one, so timing it would compare different work."""


@dataclass(frozen=True)
class Shown:
    """The fields of a post as a user sees them."""

    post: int
    author: int
    likes: int
    comments: int
    liked: bool


class Oracle:
    """Computes lists from the whole dataset."""

    def __init__(self, dataset: Dataset) -> None:
        self._dataset = dataset
        self._by_author: dict[int, list[Post]] = defaultdict(list)
        for post in dataset.posts:
            self._by_author[post.author].append(post)
        self._likes = Counter(post for _, post in dataset.likes)
        self._comments = Counter(post for _, post in dataset.comments)
        self._liked = set(dataset.likes)

    def feed(self, reader: int) -> list[Shown]:
        """Complete, newest first."""
        return self._shown([reader, *self._dataset.followed_by.get(reader, [])], reader)

    def posts_of(self, author: int, reader: int) -> list[Shown]:
        """Complete, newest first."""
        return self._shown([author], reader)

    def _shown(self, authors: Sequence[int], reader: int) -> list[Shown]:
        found = sorted((post.id, post.author) for author in authors for post in self._by_author[author])
        return [
            Shown(post, author, self._likes[post], self._comments[post], (reader, post) in self._liked)
            for post, author in reversed(found)
        ]


def shown(item: Mapping[str, Any], base: int) -> Shown:
    """The fields in a response; ids are written in this base."""
    return Shown(
        int(str(item["id"]), base),
        int(str(item["author"]["id"]), base),
        item["like_count"],
        item["comment_count"],
        item["liked"],
    )


def compare(what: str, expected: Sequence[Shown], found: Sequence[Shown]) -> None:
    """Raises Wrong at the first difference."""
    for place, (one, other) in enumerate(zip(expected, found, strict=False)):
        if one != other:
            raise Wrong(f"{what}, place {place}: {other} instead of {one}")
    if len(expected) != len(found):
        raise Wrong(f"{what}: {len(found)} posts instead of {len(expected)}")
