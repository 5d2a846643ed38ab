"""Whatever people do in whatever order, every list and every count is as the naive model says."""

from collections.abc import Callable
from random import Random
from typing import Any

import pytest

from services.posts import models
from services.posts.actions import comments, likes, posts
from services.posts.actions.feed import follows
from services.posts.actions.withdrawals import WITHDRAWAL
from services.posts.queries.comments import comments_of, replies_to
from services.posts.queries.feed import feed
from services.posts.queries.likes import likers
from services.posts.queries.posts import latest, posts_of
from shared import ids
from shared.database.engine import Database
from shared.errors import NotFound
from shared.pagination import Page, PageRequest

from .factories import commented, photos_of, purge_to_the_end, remove_to_the_end, size, some_people, uploaded
from .reference_model import Comment, Model, Post

STEPS = 45


class Life:
    """Does the same at random to the database and to the model, and compares the two."""

    def __init__(self, database: Database, seed: int) -> None:
        self.database = database
        self.chance = Random(seed)
        self.model = Model()
        self.model.people = set(some_people(database, 6))
        self.did: list[str] = []

    def step(self) -> None:
        often = [self.comment] * 3 + [self.reply] * 6 + [self.delete_comment] * 3 + [self.publish, self.like] * 2
        rarely = [self.unlike, self.edit_caption, self.edit_photos, self.edit_comment, self.hear] * 2
        act = self.chance.choice([*often, *rarely, self.delete_post, self.withdraw])
        self.did.append(act.__name__)
        act()

    def somebody(self) -> int:
        return self.chance.choice(sorted(self.model.people))

    def some_post(self) -> Post:
        if not self.model.posts:
            self.publish()
        return self.chance.choice(list(self.model.posts.values()))

    def living_comment(self) -> tuple[int, Comment]:
        """A comment that is not blank, and who wrote it."""
        while True:
            for comment in self.chance.sample(list(self.model.comments.values()), len(self.model.comments)):
                if comment.author is not None:
                    return comment.author, comment
            self.comment()

    def words(self) -> str:
        return f"words {self.chance.random()}"

    def publish(self) -> None:
        author, caption = self.somebody(), self.chance.choice([None, self.words()])
        photos = [uploaded(self.database, author) for _ in range(self.chance.randint(1, 3))]
        post = self.database.write(posts.publish, author, photos, caption)
        self.model.posts[post] = Post(post, author, caption, photos)

    def edit_caption(self) -> None:
        post, caption = self.some_post(), self.chance.choice([None, self.words()])
        self.database.write(posts.edit, post.author, post.id, {"caption": caption})
        post.caption = caption

    def edit_photos(self) -> None:
        post = self.some_post()
        kept = [each for each in post.photos if self.chance.random() < 0.6]
        photos = [uploaded(self.database, post.author), *kept]
        self.chance.shuffle(photos)
        self.database.write(posts.edit, post.author, post.id, {"media_ids": photos})
        post.photos = photos

    def delete_post(self) -> None:
        post = self.some_post()
        self.database.write(posts.delete_post, post.author, post.id)
        if self.chance.random() < 0.5:  # or a later step finishes it
            remove_to_the_end(self.database)
        self.model.delete_post(post.id)
        with pytest.raises(NotFound):
            self.database.read(comments_of, post.id, PageRequest(1, None))

    def like(self) -> None:
        person, post = self.somebody(), self.some_post()
        self.database.write(likes.like, person, post.id)
        if person not in post.likes:
            post.likes.append(person)

    def unlike(self) -> None:
        person, post = self.somebody(), self.some_post()
        self.database.write(likes.unlike, person, post.id)
        post.likes = [each for each in post.likes if each != person]

    def comment(self) -> None:
        author, post, text = self.somebody(), self.some_post(), self.words()
        comment = commented(self.database, author, post.id, text)
        self.model.comments[comment] = Comment(comment, post.id, None, author, text)

    def reply(self) -> None:
        if not self.model.comments:
            self.comment()
        parent, author, text = self.chance.choice(list(self.model.comments.values())), self.somebody(), self.words()
        comment = commented(self.database, author, parent.post, text, parent.id)
        self.model.comments[comment] = Comment(comment, parent.post, parent.id, author, text)

    def edit_comment(self) -> None:
        (author, comment), text = self.living_comment(), self.words()
        self.database.write(comments.edit, author, comment.id, text)
        comment.text = text

    def delete_comment(self) -> None:
        author, comment = self.living_comment()
        self.database.write(comments.delete_comment, author, comment.id)
        self.model.delete_comment(comment.id)

    def hear(self) -> None:
        """Facts about an edge, delivered in any order and more than once."""
        follower, followee = self.chance.sample(sorted(self.model.people), 2)
        for version in self.chance.choices(range(1, 6), k=3):
            fact = follower, followee, version, version % 2 == 1
            self.database.write(follows.note, *fact)
            self.model.note(*fact)

    def withdraw(self) -> None:
        if len(self.model.people) > 3:
            person = self.somebody()
            self.database.write(WITHDRAWAL.request, person)
            purge_to_the_end(self.database)
            self.model.withdraw(person)

    def compare(self) -> None:
        model, viewer = self.model, self.somebody()
        assert self.pages(latest, viewer) == self.posts(model.newest(), viewer)
        for person in model.people:
            own = [each for each in model.newest() if each.author == person]
            assert self.pages(posts_of, person, viewer) == self.posts(own, viewer)
            assert self.pages(feed, person) == self.posts(model.posts_for(person), person)
        for post in model.posts.values():
            assert [ids.parse(each["id"]) for each in self.pages(likers, post.id)] == post.likes[::-1]
            assert self.pages(comments_of, post.id) == self.comments(model.firsts(post.id))
        for comment in model.comments.values():
            assert self.pages(replies_to, comment.id) == self.comments(model.replies(comment))

    def pages(self, query: Callable[..., Page], *args: Any) -> list[Any]:
        """A whole list, in one page or in several."""
        limit = self.chance.choice([2, 100, 100])
        found = self.database.read(query, *args, PageRequest(limit, None))
        items = list(found.items)
        while found.next is not None:
            found = self.database.read(query, *args, PageRequest(limit, found.next))
            items += found.items
        if query in (latest, posts_of, feed):
            return [self.essence(each) for each in items]
        return [self.gist(each) for each in items] if query in (comments_of, replies_to) else items

    def essence(self, post: dict[str, Any]) -> tuple[Any, ...]:
        photos = [ids.parse(each["id"]) for each in photos_of(post)]
        numbers = post["like_count"], post["comment_count"], post["liked"]
        return ids.parse(post["id"]), ids.parse(post["author"]["id"]), post["caption"], photos, *numbers

    def posts(self, expected: list[Post], viewer: int) -> list[tuple[Any, ...]]:
        return [self.expected(each, viewer) for each in expected]

    def expected(self, post: Post, viewer: int) -> tuple[Any, ...]:
        numbers = len(post.likes), self.model.comment_count(post.id), viewer in post.likes
        return post.id, post.author, post.caption, post.photos, *numbers

    def gist(self, comment: dict[str, Any]) -> tuple[Any, ...]:
        author = None if comment["author"] is None else ids.parse(comment["author"]["id"])
        assert comment["deleted"] == (author is None)
        parent = None if comment["parent_id"] is None else ids.parse(comment["parent_id"])
        return ids.parse(comment["id"]), parent, author, comment["text"], comment["reply_count"]

    def comments(self, expected: list[Comment]) -> list[tuple[Any, ...]]:
        return [
            (each.id, each.parent, each.author, each.text, self.model.living(self.model.replies(each)))
            for each in expected
        ]


@pytest.mark.parametrize("seed", range(3))
def test_every_list_and_count_is_as_the_model_says_after_every_step(database: Database, seed: int) -> None:
    life = Life(database, seed)
    for _ in range(STEPS):
        life.step()
        try:
            life.compare()
        except AssertionError as problem:
            problem.add_note(f"after {life.did}")
            raise
    remove_to_the_end(database)
    model = life.model
    assert size(database, models.posts) == len(model.posts)
    assert size(database, models.comments) == len(model.comments)
    assert size(database, models.likes) == sum(len(each.likes) for each in model.posts.values())
    assert size(database, models.media) == sum(len(each.photos) for each in model.posts.values())
    assert size(database, models.removals) == 0
