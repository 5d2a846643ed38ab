"""The rules of posts once more, as naively as can be: lists in memory, counted and filtered anew each time."""

from collections.abc import Iterator
from dataclasses import dataclass, field

Listed = list[tuple[int, ...]]


@dataclass
class Comment:
    """A comment; without an author it is blank."""

    id: int
    post: int
    parent: int | None
    author: int | None
    text: str | None


@dataclass
class Post:
    """A post and who likes it, in this order."""

    id: int
    author: int
    caption: str | None
    photos: list[int]
    likes: list[int] = field(default_factory=list)


@dataclass
class Model:
    """Everything there is."""

    people: set[int] = field(default_factory=set)
    posts: dict[int, Post] = field(default_factory=dict)
    comments: dict[int, Comment] = field(default_factory=dict)
    edges: dict[tuple[int, int], tuple[int, bool]] = field(default_factory=dict)

    def note(self, follower: int, followee: int, version: int, following: bool) -> None:
        if {follower, followee} <= self.people:
            newest = self.edges.get((follower, followee), (0, False))
            self.edges[follower, followee] = max(newest, (version, following))

    def delete_post(self, post: int) -> None:
        del self.posts[post]
        self.comments = {each.id: each for each in self.comments.values() if each.post != post}

    def delete_comment(self, comment: int) -> None:
        self.comments[comment].author = self.comments[comment].text = None
        while bare := [each for each in self.comments.values() if each.author is None and not self.answers(each.id)]:
            for each in bare:
                del self.comments[each.id]

    def withdraw(self, person: int) -> None:
        self.people.remove(person)
        for post in [each.id for each in self.posts.values() if each.author == person]:
            self.delete_post(post)
        for other in self.posts.values():
            other.likes = [each for each in other.likes if each != person]
        for comment in [each.id for each in self.comments.values() if each.author == person]:
            self.delete_comment(comment)
        self.edges = {pair: edge for pair, edge in self.edges.items() if person not in pair}

    def posts_for(self, reader: int) -> list[Post]:
        followed = {followee for (follower, followee), (_, now) in self.edges.items() if follower == reader and now}
        return [each for each in self.newest() if each.author in followed | {reader}]

    def newest(self) -> list[Post]:
        return sorted(self.posts.values(), key=lambda each: -each.id)

    def answers(self, comment: int) -> list[Comment]:
        return [each for each in self.comments.values() if each.parent == comment]

    def below(self, comment: int) -> Iterator[Comment]:
        for answer in self.answers(comment):
            yield answer
            yield from self.below(answer.id)

    def replies(self, comment: Comment) -> list[Comment]:
        """What the list of replies shows."""
        found = self.below(comment.id) if comment.parent is None else self.answers(comment.id)
        return sorted(found, key=lambda each: each.id)

    def firsts(self, post: int) -> list[Comment]:
        return [each for each in self.comments.values() if each.post == post and each.parent is None]

    def living(self, comments: list[Comment]) -> int:
        return sum(each.author is not None for each in comments)

    def comment_count(self, post: int) -> int:
        return self.living([each for each in self.comments.values() if each.post == post])
