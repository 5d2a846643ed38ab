"""The data of both systems: users, follows, posts."""

import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import count

from shared import clock, ids

AGE = 20 * clock.DAY
LIKES = 5
COMMENTS = 2
"""Of each post, on average; by friends of its author."""


@dataclass(frozen=True)
class Post:
    """`number` determines its caption and photo."""

    id: int
    author: int
    number: int


@dataclass
class Dataset:
    """Everything by id. `uploads` are photos without a post."""

    name: str
    people: list[int]
    follows: list[tuple[int, int]]
    posts: list[Post]
    likes: list[tuple[int, int]] = field(default_factory=list)
    """Person and post."""
    comments: list[tuple[int, int]] = field(default_factory=list)
    """Author and post."""
    uploads: dict[int, list[int]] = field(default_factory=dict)
    """By owner."""

    @cached_property
    def followed_by(self) -> dict[int, list[int]]:
        """The followees of each user."""
        found = defaultdict(list)
        for follower, followee in self.follows:
            found[follower].append(followee)
        return found

    @cached_property
    def followers(self) -> Counter[int]:
        """The number of followers of each user."""
        return Counter(followee for _, followee in self.follows)

    def sizes(self) -> str:
        """In one line."""
        kinds = ("people", "follows", "posts", "likes", "comments")
        return ", ".join(f"{len(getattr(self, kind)):,} {kind}" for kind in kinds)


def people(number: int, since: int) -> list[int]:
    """This number of ids, starting at this time (ms since 1970)."""
    return [ids.first_id_at(since + each) | each for each in range(1, number + 1)]


def posted(authors: Sequence[int], since: int) -> list[Post]:
    """One post for each item, in this order, evenly distributed over the time until a day ago."""
    step = (AGE - clock.DAY) / max(1, len(authors))
    return [Post(ids.first_id_at(since + int(n * step)) | n, author, n) for n, author in enumerate(authors)]


def society(name: str, edges: Iterable[tuple[int, int]], posts_each: int, uploads_each: int) -> Dataset:
    """The social graph, with this number of posts per user, and likes and comments by friends."""
    chance = random.Random(posts_each)  # noqa: S311 - the same in each run
    since = clock.now() - AGE
    pairs = list(edges)
    persons = people(1 + max(max(pair) for pair in pairs), since - clock.DAY)
    follows = [pair for a, b in pairs for pair in ((persons[a], persons[b]), (persons[b], persons[a]))]
    authors = persons * posts_each
    chance.shuffle(authors)
    dataset = Dataset(name, persons, follows, posted(authors, since))
    dataset.likes = list(_by_friends(dataset, chance, LIKES))
    dataset.comments = list(_by_friends(dataset, chance, COMMENTS))
    dataset.uploads = uploads(dict.fromkeys(persons, uploads_each))
    return dataset


def uploads(number_of: dict[int, int]) -> dict[int, list[int]]:
    """This number for each owner, created now."""
    first = ids.first_id_at(clock.now() - clock.MINUTE)
    numbers = count(first)
    return {owner: [next(numbers) for _ in range(number)] for owner, number in number_of.items()}


def _by_friends(dataset: Dataset, chance: random.Random, mean: int) -> Iterator[tuple[int, int]]:
    for post in dataset.posts:
        friends = dataset.followed_by[post.author]
        for friend in chance.sample(friends, min(len(friends), chance.randint(0, 2 * mean))):
            yield friend, post.id
