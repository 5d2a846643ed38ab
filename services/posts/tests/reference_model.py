"""A naive reference model of posts: lists in memory, counted and filtered on each access."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

Listed = list[tuple[int, ...]]


@dataclass
class Comment:
    """A comment; without an author it is blank."""

    id: int
    post: int
    parent: int | None
    author: int | None
    text: str | None
    likes: list[int] = field(default_factory=list)


@dataclass
class Post:
    """A post and its likers, in order."""

    id: int
    author: int
    caption: str | None
    photos: list[int]
    likes: list[int] = field(default_factory=list)


@dataclass
class Model:
    """The whole state."""

    people: set[int] = field(default_factory=set)
    posts: dict[int, Post] = field(default_factory=dict)
    comments: dict[int, Comment] = field(default_factory=dict)
    edges: dict[tuple[int, int], tuple[int, bool]] = field(default_factory=dict)
    restrictions: dict[tuple[int, int], tuple[int, bool, bool]] = field(default_factory=dict)

    def note(self, follower: int, followee: int, version: int, following: bool) -> None:
        if {follower, followee} <= self.people:
            newest = self.edges.get((follower, followee), (0, False))
            self.edges[follower, followee] = max(newest, (version, following))

    def restrict(self, person: int, other: int, version: int, *, blocking: bool, muting: bool) -> None:
        if {person, other} <= self.people:
            newest = self.restrictions.get((person, other), (0, False, False))
            self.restrictions[person, other] = max(newest, (version, blocking, muting))

    def blocks(self, one: int, other: int | None) -> bool:
        return other is not None and self.restrictions.get((one, other), (0, False, False))[1]

    def apart(self, viewer: int | None, other: int | None) -> bool:
        """Whether neither blocks the other."""
        return viewer is None or other is None or not (self.blocks(viewer, other) or self.blocks(other, viewer))

    def sees(self, viewer: int | None, comment: Comment) -> bool:
        """Whether the viewer can see who likes this comment, and like it."""
        return self.apart(viewer, comment.author) and self.apart(viewer, self.posts[comment.post].author)

    def delete_post(self, post: int) -> None:
        del self.posts[post]
        self.comments = {each.id: each for each in self.comments.values() if each.post != post}

    def delete_comment(self, comment: int) -> None:
        self.comments[comment].author = self.comments[comment].text = None
        self.comments[comment].likes = []
        while bare := [each for each in self.comments.values() if each.author is None and not self.answers(each.id)]:
            for each in bare:
                del self.comments[each.id]

    def withdraw(self, person: int) -> None:
        self.people.remove(person)
        for post in [each.id for each in self.posts.values() if each.author == person]:
            self.delete_post(post)
        for other in self.posts.values():
            other.likes = [each for each in other.likes if each != person]
        for each in self.comments.values():
            each.likes = [liker for liker in each.likes if liker != person]
        for comment in [each.id for each in self.comments.values() if each.author == person]:
            self.delete_comment(comment)
        self.edges = {pair: edge for pair, edge in self.edges.items() if person not in pair}
        self.restrictions = {pair: flags for pair, flags in self.restrictions.items() if person not in pair}

    def posts_for(self, reader: int) -> list[Post]:
        followed = {followee for (follower, followee), (_, now) in self.edges.items() if follower == reader and now}
        muted = {other for (person, other), (_, _, now) in self.restrictions.items() if person == reader and now}
        shown = {each for each in followed - muted if self.apart(reader, each)}
        return [each for each in self.newest() if each.author in shown | {reader}]

    def newest(self) -> list[Post]:
        return sorted(self.posts.values(), key=lambda each: -each.id)

    def answers(self, comment: int) -> list[Comment]:
        return [each for each in self.comments.values() if each.parent == comment]

    def below(self, comment: int) -> Iterator[Comment]:
        for answer in self.answers(comment):
            yield answer
            yield from self.below(answer.id)

    def replies(self, comment: Comment) -> list[Comment]:
        """The list of replies."""
        found = self.below(comment.id) if comment.parent is None else self.answers(comment.id)
        return sorted(found, key=lambda each: each.id)

    def firsts(self, post: int) -> list[Comment]:
        return [each for each in self.comments.values() if each.post == post and each.parent is None]

    def living(self, comments: list[Comment]) -> int:
        return sum(each.author is not None for each in comments)

    def comment_count(self, post: int) -> int:
        return self.living([each for each in self.comments.values() if each.post == post])

    def expected_posts(self, posts: list[Post], viewer: int) -> list[tuple[Any, ...]]:
        return [self._expected_post(each, viewer) for each in posts]

    def _expected_post(self, post: Post, viewer: int) -> tuple[Any, ...]:
        numbers = len(post.likes), self.comment_count(post.id), viewer in post.likes
        return post.id, post.author, post.caption, post.photos, *numbers

    def expected_comments(self, comments: list[Comment], viewer: int | None) -> list[tuple[Any, ...]]:
        """What the viewer sees: comments of those who are blocked are left out, or blank if they have replies."""
        found: list[tuple[Any, ...]] = []
        for each in comments:
            replies = self.living(self.replies(each))
            if self.apart(viewer, each.author):
                likes = len(each.likes), viewer in each.likes
                found.append((each.id, each.parent, each.author, each.text, replies, *likes))
            elif replies:
                found.append((each.id, each.parent, None, None, replies, 0, False))
        return found
