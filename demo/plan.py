"""Who posts, follows, likes, comments and writes to whom; the same for the same seed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random

from demo.image_files import SHAPES, Drawing

from . import texts
from .conversations import CONVERSATIONS, Conversation
from .people import PEOPLE, Person

SEED = 2026
POSTS = 90
FORMAT_WEIGHTS = {"jpg": 10, "png": 4, "webp": 5, "heic": 3, "avif": 3, "gif": 2}


@dataclass(frozen=True, slots=True)
class Post:
    author: int
    drawings: tuple[Drawing, ...]
    caption: str | None

    @property
    def subject(self) -> str:
        return self.drawings[0].subject


@dataclass(frozen=True, slots=True)
class Comment:
    """`answers` is the index of an earlier comment on the same post."""

    post: int
    author: int
    text: str
    answers: int | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """Users and posts are given by their index."""

    people: tuple[Person, ...]
    follows: tuple[tuple[int, int], ...]
    posts: tuple[Post, ...]
    likes: tuple[tuple[int, int], ...]
    comments: tuple[tuple[Comment, ...], ...]
    conversations: tuple[Conversation, ...]


def plan(
    seed: int = SEED,
    people: tuple[Person, ...] = PEOPLE,
    posts: int = POSTS,
    conversations: tuple[Conversation, ...] = CONVERSATIONS,
) -> Plan:
    chance = Random(seed)  # noqa: S311  # nothing secret, and it must be repeatable
    follows = tuple(_follows(people, chance))
    followers = [[who for who, whom in follows if whom == person] for person in range(len(people))]
    shown = _posts(people, posts, chance)
    likes = tuple((who, number) for number, post in enumerate(shown) for who in _fans(post, followers, people, chance))
    comments = tuple(
        tuple(_comments(number, post, followers[post.author], chance)) for number, post in enumerate(shown)
    )
    return Plan(people, follows, shown, likes, comments, conversations)


def _follows(people: Sequence[Person], chance: Random) -> Iterator[tuple[int, int]]:
    """Some users have many followers; users with common subjects follow each other."""
    popularity = [chance.paretovariate(1.6) for _ in people]
    for who, person in enumerate(people):
        for whom, other in enumerate(people):
            common = len(set(person.subjects) & set(other.subjects))
            if who != whom and chance.random() < min(0.85, 0.05 + 0.05 * popularity[whom] + 0.14 * common):
                yield who, whom


def _posts(people: Sequence[Person], count: int, chance: Random) -> tuple[Post, ...]:
    captions = {subject: chance.sample(texts, len(texts)) for subject, texts in texts.CAPTIONS.items()}
    busy = [chance.choice((1, 1, 2, 3, 4)) for _ in people]
    authors = [*range(len(people)), *chance.choices(range(len(people)), busy, k=max(0, count - len(people)))]
    chance.shuffle(authors)
    return tuple(_post(author, people[author], captions, chance) for author in authors[:count])


def _post(author: int, person: Person, captions: dict[str, list[str]], chance: Random) -> Post:
    subject = chance.choices(person.subjects, (5, 3, 2)[: len(person.subjects)])[0]
    pictures = chance.choices((1, 2, 3, 4), (9, 3, 1, 1))[0]
    shape = chance.choice(tuple(SHAPES))
    drawings = tuple(
        Drawing(
            subject,
            shape,
            chance.choices(tuple(FORMAT_WEIGHTS), tuple(FORMAT_WEIGHTS.values()))[0],
            chance.randrange(10**6),
        )
        for _ in range(pictures)
    )
    left = captions[subject]
    return Post(author, drawings, left.pop() if left and chance.random() < 0.93 else None)


def _fans(post: Post, followers: Sequence[Sequence[int]], people: Sequence[Person], chance: Random) -> Iterator[int]:
    like_probability = chance.uniform(0.25, 0.9)
    for who in range(len(people)):
        share = like_probability if who in followers[post.author] else 0.05
        if who != post.author and chance.random() < share:
            yield who


def _comments(number: int, post: Post, followers: Sequence[int], chance: Random) -> Iterator[Comment]:
    comments = texts.COMMENTS[post.subject]
    count = min(len(followers), chance.choice((0, 1, 1, 2, 2, 3, 4)))
    index = 0
    for author, (text, answers) in zip(chance.sample(followers, count), chance.sample(comments, count), strict=True):
        yield Comment(number, author, text)
        first, index = index, index + 1
        if chance.random() < 0.6:
            yield Comment(number, post.author, chance.choice(answers), first)
            index += 1
            if chance.random() < 0.3:
                yield Comment(number, author, chance.choice(texts.LAST_WORDS), index - 1)
                index += 1
