"""After random operations and suspensions, every list and every count equals the reference model without the hidden."""

from copy import deepcopy
from dataclasses import dataclass, field, replace

import pytest

from services.posts import models
from services.posts.actions import recount, tags
from services.posts.actions.people import PEOPLE
from services.posts.actions.suspensions import SUSPENSION
from services.posts.actions.withdrawals import WITHDRAWAL
from shared import ids
from shared.database.engine import Database

from .factories import purge_to_the_end, remove_to_the_end, size
from .reference_model import Comment, Model, Post
from .test_reference_model import Life

STEPS = 60
ROW_BY_ROW = replace(SUSPENSION, targets=[replace(each, chunk=1) for each in SUSPENSION.targets])


@dataclass
class Seen(Model):
    """What is seen of a model while some people are hidden."""

    hidden_comments: set[int] = field(default_factory=set)

    @classmethod
    def of(cls, model: Model, hidden: set[int]) -> "Seen":
        copy = deepcopy(model)
        posts = {each.id: each for each in copy.posts.values() if each.author not in hidden}
        for post in posts.values():
            post.likes = [each for each in post.likes if each not in hidden]
        comments = {each.id: each for each in copy.comments.values() if each.post in posts}
        theirs = {each.id for each in comments.values() if each.author in hidden}
        for each in theirs:
            comments[each].author = comments[each].text = None
        for comment in comments.values():
            comment.likes = [each for each in comment.likes if each not in hidden and comment.author is not None]
        return cls(copy.people - hidden, posts, comments, copy.edges, copy.restrictions, theirs)

    def shown(self, comments: list[Comment]) -> list[Comment]:
        """Without those of hidden people to which nobody who is seen has replied."""
        return [
            each
            for each in comments
            if each.id not in self.hidden_comments or self.living(Model.replies(self, each)) > 0
        ]

    def firsts(self, post: int) -> list[Comment]:
        return self.shown(Model.firsts(self, post))

    def replies(self, comment: Comment) -> list[Comment]:
        return self.shown(Model.replies(self, comment))


class SuspendingLife(Life):
    """The same, and people are suspended and reinstated, while the worker runs step by step."""

    def __init__(self, database: Database, seed: int) -> None:
        super().__init__(database, seed)
        self.hidden: set[int] = set()
        self.version = 1

    def step(self) -> None:
        if self.chance.random() < 0.3:
            act = self.chance.choice([self.suspend, self.suspend, self.reinstate])
            self.did.append(act.__name__)
            act()
        else:
            super().step()
        for _ in range(self.chance.choice([0, 0, 1, 3, 10])):
            self.database.write(ROW_BY_ROW.step)

    def suspend(self) -> None:
        if len(self.model.people - self.hidden) > 3:
            self.tell(self.somebody(), suspended=True)

    def reinstate(self) -> None:
        if self.hidden:
            self.tell(self.chance.choice(sorted(self.hidden)), suspended=False)

    def tell(self, person: int, *, suspended: bool) -> None:
        """Events about it: repeated, and one that is older and comes late."""
        self.version += 2
        names = {"user_id": ids.encode(person), "nickname": "nick", "name": "Name", "avatar_url": None}
        new = {**names, "version": self.version, "suspended": suspended}
        old = {**names, "version": self.version - 1, "suspended": not suspended}
        for each in self.chance.choice([[new], [new, new], [old, new], [new, old]]):
            self.database.write(PEOPLE.store, each)
        self.hidden ^= {person}

    def somebody(self) -> int:
        return self.chance.choice(sorted(self.model.people - self.hidden))

    def some_post(self) -> Post:
        seen = [each for each in self.model.posts.values() if each.author not in self.hidden]
        if not seen:
            self.publish()
            return self.some_post()
        return self.chance.choice(seen)

    def living_comment(self) -> tuple[int, Comment]:
        posts = {each.id for each in self.model.posts.values() if each.author not in self.hidden}
        seen = [each for each in self.model.comments.values() if each.post in posts and each.author is not None]
        own = [(each.author, each) for each in seen if each.author is not None and each.author not in self.hidden]
        if not own:
            self.comment()
            return self.living_comment()
        return self.chance.choice(own)

    def reply(self) -> None:
        whole = self.model
        posts = {each.id for each in whole.posts.values() if each.author not in self.hidden}
        comments = {each.id: each for each in whole.comments.values() if each.post in posts}
        if not comments:
            self.comment()
            return
        self.model = replace(whole, comments=comments)
        try:
            super().reply()
        finally:
            self.model = whole
            whole.comments |= comments

    def withdraw(self) -> None:
        if len(self.model.people - self.hidden) > 3:
            person = self.chance.choice(sorted(self.model.people))
            self.database.write(WITHDRAWAL.request, person)
            purge_to_the_end(self.database)
            self.model.withdraw(person)
            self.hidden -= {person}

    def settle(self) -> None:
        """Run the worker until nothing is left to do."""
        while self.database.write(ROW_BY_ROW.step):
            pass
        remove_to_the_end(self.database)

    def compare_seen(self) -> None:
        self.settle()
        assert self.database.write(recount.recount_some, 0)[1] == []
        assert self.database.write(tags.recount_some, "")[1] == []
        whole = self.model
        self.model = Seen.of(whole, self.hidden)
        try:
            self.compare()
        finally:
            self.model = whole


@pytest.mark.parametrize("seed", range(4))
def test_every_list_and_count_equals_the_model_without_the_hidden(database: Database, seed: int) -> None:
    life = SuspendingLife(database, seed)
    for number in range(STEPS):
        life.step()
        if number % 4 and number < STEPS - 1:  # in between, operations meet unfinished jobs
            continue
        try:
            life.compare_seen()
        except AssertionError as problem:
            problem.add_note(f"after {life.did}")
            raise
    for person in sorted(life.hidden):
        life.tell(person, suspended=False)
    life.settle()
    life.compare()
    assert size(database, models.recounts) == 0
