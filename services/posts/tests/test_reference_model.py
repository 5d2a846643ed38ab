"""After random operations, every list and every count equals the reference model."""

from collections import Counter
from collections.abc import Callable
from random import Random
from typing import Any

import pytest

from services.posts import models
from services.posts.actions import comment_likes, comments, likes, posts
from services.posts.actions.feed import follows
from services.posts.actions.withdrawals import WITHDRAWAL
from services.posts.queries.comment_likes import likers as likers_of_comment
from services.posts.queries.comments import comments_of, replies_to
from services.posts.queries.feed import feed
from services.posts.queries.likes import likers
from services.posts.queries.posts import latest, posts_of
from services.posts.queries.tags import posts_of_tag
from services.posts.text_entities import parse
from shared import ids
from shared.database.engine import Database
from shared.errors import AppError, Invalid, NotFound
from shared.pagination import Page, PageRequest

from .factories import (
    commented,
    photos_of,
    purge_to_the_end,
    remove_to_the_end,
    restricted,
    size,
    some_people,
    tag_counts,
    uploaded,
)
from .reference_model import Comment, Model, Post

STEPS = 45


class Life:
    """Applies the same random operations to the database and to the model, and compares them."""

    def __init__(self, database: Database, seed: int) -> None:
        self.database = database
        self.chance = Random(seed)
        self.model = Model()
        self.model.people = set(some_people(database, 6))
        self.did: list[str] = []
        self.versions = 0

    def step(self) -> None:
        often = [self.comment] * 3 + [self.reply] * 6 + [self.delete_comment] * 3 + [self.publish, self.like] * 2
        rarely = [self.unlike, self.edit_caption, self.edit_photos, self.edit_comment, self.hear, self.restrict] * 2
        rarely += [self.like_comment] * 3
        act = self.chance.choice([*often, *rarely, self.unlike_comment, self.delete_post, self.withdraw])
        self.did.append(act.__name__)
        act()

    def somebody(self) -> int:
        return self.chance.choice(sorted(self.model.people))

    def some_post(self) -> Post:
        if not self.model.posts:
            self.publish()
        return self.chance.choice(list(self.model.posts.values()))

    def living_comment(self) -> tuple[int, Comment]:
        """A comment that is not blank, and its author."""
        while True:
            for comment in self.chance.sample(list(self.model.comments.values()), len(self.model.comments)):
                if comment.author is not None:
                    return comment.author, comment
            self.comment()

    def words(self) -> str:
        return f"words {self.chance.random()} #{self.chance.choice('abcdef')}{self.chance.choice(['', '#g'])}"

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
            self.database.read(comments_of, post.id, None, PageRequest(1, None))

    def like(self) -> None:
        person, post = self.somebody(), self.some_post()
        if not self.model.apart(person, post.author):
            with pytest.raises(NotFound):
                self.database.write(likes.like, person, post.id)
            return
        self.database.write(likes.like, person, post.id)
        if person not in post.likes:
            post.likes.append(person)

    def unlike(self) -> None:
        person, post = self.somebody(), self.some_post()
        self.database.write(likes.unlike, person, post.id)
        post.likes = [each for each in post.likes if each != person]

    def comment(self) -> None:
        author, post, text = self.somebody(), self.some_post(), self.words()
        if not self.model.apart(author, post.author):
            with pytest.raises(NotFound):
                commented(self.database, author, post.id, text)
            author = post.author
        comment = commented(self.database, author, post.id, text)
        self.model.comments[comment] = Comment(comment, post.id, None, author, text)

    def reply(self) -> None:
        if not self.model.comments:
            self.comment()
        parent, author, text = self.chance.choice(list(self.model.comments.values())), self.somebody(), self.words()
        error: type[AppError] | None = None if self.model.apart(author, parent.author) else Invalid
        if not self.model.apart(author, self.model.posts[parent.post].author):
            error = NotFound
        if error is not None:
            with pytest.raises(error):
                commented(self.database, author, parent.post, text, parent.id)
            return
        comment = commented(self.database, author, parent.post, text, parent.id)
        self.model.comments[comment] = Comment(comment, parent.post, parent.id, author, text)

    def edit_comment(self) -> None:
        (author, comment), text = self.living_comment(), self.words()
        if not self.model.apart(author, self.model.posts[comment.post].author):
            with pytest.raises(NotFound):
                self.database.write(comments.edit, author, comment.id, text)
            return
        self.database.write(comments.edit, author, comment.id, text)
        comment.text = text

    def delete_comment(self) -> None:
        author, comment = self.living_comment()
        self.database.write(comments.delete_comment, author, comment.id)
        self.model.delete_comment(comment.id)

    def like_comment(self) -> None:
        self.change_like_of_comment(comment_likes.like, liked=True)

    def unlike_comment(self) -> None:
        self.change_like_of_comment(comment_likes.unlike, liked=False)

    def change_like_of_comment(self, act: Callable[..., None], *, liked: bool) -> None:
        person, (_, comment) = self.somebody(), self.living_comment()
        if not self.model.sees(person, comment):
            with pytest.raises(NotFound):
                self.database.write(act, person, comment.id)
            return
        self.database.write(act, person, comment.id)
        if liked != (person in comment.likes):
            others = [each for each in comment.likes if each != person]
            comment.likes = [*others, person] if liked else others

    def hear(self) -> None:
        """Events about a follow, delivered in any order and repeatedly."""
        follower, followee = self.chance.sample(sorted(self.model.people), 2)
        for version in self.chance.choices(range(1, 6), k=3):
            fact = follower, followee, version, version % 2 == 1
            self.database.write(follows.note, *fact)
            self.model.note(*fact)

    def restrict(self) -> None:
        """Events about blocks and mutes, delivered in any order and repeatedly."""
        person, other = self.chance.sample(sorted(self.model.people), 2)
        first, self.versions = self.versions + 1, self.versions + 3
        for version in self.chance.choices(range(first, first + 3), k=4):
            flags = Random(version)
            told = {name: flags.random() < 0.4 for name in ("blocking", "muting")}
            restricted(self.database, person, other, version, **told)
            self.model.restrict(person, other, version, **told)

    def withdraw(self) -> None:
        if len(self.model.people) > 3:
            person = self.somebody()
            self.database.write(WITHDRAWAL.request, person)
            purge_to_the_end(self.database)
            self.model.withdraw(person)

    def compare(self) -> None:
        model, viewer = self.model, self.somebody()
        assert self.pages(latest, viewer) == model.expected_posts(self.seen(viewer), viewer)
        for person in model.people:
            if model.blocks(person, viewer):
                with pytest.raises(NotFound):
                    self.pages(posts_of, person, viewer)
            else:
                own = [each for each in self.seen(viewer) if each.author == person]
                assert self.pages(posts_of, person, viewer) == model.expected_posts(own, viewer)
            assert self.pages(feed, person) == model.expected_posts(model.posts_for(person), person)
        used = Counter(tag for post in model.posts.values() for tag in parse(post.caption).tags)
        assert tag_counts(self.database) == used
        for tag in "abcdefg":
            tagged = [each for each in self.seen(viewer) if tag in parse(each.caption).tags]
            assert self.pages(posts_of_tag, tag, viewer) == model.expected_posts(tagged, viewer)
        for looking in (viewer, None):
            for post in model.posts.values():
                self.compare_post(post, looking)
            for comment in model.comments.values():
                self.compare_comment(comment, looking)

    def compare_post(self, post: Post, viewer: int | None) -> None:
        model = self.model
        if not model.apart(viewer, post.author):
            for query in (likers, comments_of):
                with pytest.raises(NotFound):
                    self.pages(query, post.id, viewer)
            return
        assert self.likers(likers, post, viewer) == [each for each in post.likes[::-1] if model.apart(viewer, each)]
        assert self.pages(comments_of, post.id, viewer) == model.expected_comments(model.firsts(post.id), viewer)

    def compare_comment(self, comment: Comment, viewer: int | None) -> None:
        model = self.model
        if model.apart(viewer, model.posts[comment.post].author):
            expected = model.expected_comments(model.replies(comment), viewer)
            assert self.pages(replies_to, comment.id, viewer) == expected
        if comment.author is None or not model.sees(viewer, comment):
            with pytest.raises(NotFound):
                self.pages(likers_of_comment, comment.id, viewer)
            return
        likes_ = [each for each in comment.likes[::-1] if model.apart(viewer, each)]
        assert self.likers(likers_of_comment, comment, viewer) == likes_

    def likers(self, query: Callable[..., Page], liked: Post | Comment, viewer: int | None) -> list[int]:
        return [ids.parse(each["id"]) for each in self.pages(query, liked.id, viewer)]

    def seen(self, viewer: int) -> list[Post]:
        return [each for each in self.model.newest() if self.model.apart(viewer, each.author)]

    def pages(self, query: Callable[..., Page], *args: Any) -> list[Any]:
        """A whole list, in one page or in several."""
        limit = self.chance.choice([2, 100, 100])
        found = self.database.read(query, *args, PageRequest(limit, None))
        items = list(found.items)
        while found.next is not None:
            found = self.database.read(query, *args, PageRequest(limit, found.next))
            items += found.items
        if query in (latest, posts_of, posts_of_tag, feed):
            return [self.essence(each) for each in items]
        return [self.gist(each) for each in items] if query in (comments_of, replies_to) else items

    def essence(self, post: dict[str, Any]) -> tuple[Any, ...]:
        photos = [ids.parse(each["id"]) for each in photos_of(post)]
        numbers = post["like_count"], post["comment_count"], post["liked"]
        return ids.parse(post["id"]), ids.parse(post["author"]["id"]), post["caption"], photos, *numbers

    def gist(self, comment: dict[str, Any]) -> tuple[Any, ...]:
        author = None if comment["author"] is None else ids.parse(comment["author"]["id"])
        assert comment["deleted"] == (author is None)
        parent = None if comment["parent_id"] is None else ids.parse(comment["parent_id"])
        likes = comment["like_count"], comment["liked"]
        return ids.parse(comment["id"]), parent, author, comment["text"], comment["reply_count"], *likes


@pytest.mark.parametrize("seed", range(3))
def test_every_list_and_count_equals_the_model_after_every_step(database: Database, seed: int) -> None:
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
    assert size(database, models.removals) == 0 == size(database, models.comment_removals)
    assert size(database, models.comment_likes) == sum(len(each.likes) for each in model.comments.values())
