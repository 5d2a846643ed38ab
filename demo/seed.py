"""Carries the plan out, step by step, and leaves out whatever is there already: it can be run again and again."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from demo import image_files
from demo.image_files import Drawing

from .client import Guest, Refused, Visitor
from .conversations import Conversation, Line
from .people import PASSWORD, Person
from .plan import Comment, Plan, Post

THREADS = 4
T = TypeVar("T")
R = TypeVar("R")


class Meter(Protocol):
    """Shows how far a step is."""

    def __call__(self, step: str, items: Iterable[R], total: int, /) -> Iterable[R]: ...


@dataclass(slots=True)
class Performance:
    plan: Plan
    visitor: Visitor
    meter: Meter
    added: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    guests: dict[int, Guest] = field(default_factory=dict)
    """By place in the plan. Somebody who has withdrawn, or has another password now, is missing."""
    posts: dict[int, str] = field(default_factory=dict)
    """By place in the plan, the id of each post whose author is here."""
    old: set[int] = field(default_factory=set)
    """The posts that were there before."""

    def run(self) -> None:
        with ThreadPoolExecutor(THREADS) as threads:
            try:
                self._steps(threads)
            finally:
                threads.shutdown(cancel_futures=True)

    def _steps(self, threads: ThreadPoolExecutor) -> None:
        plan = self.plan
        self._each(threads, "People arrive", range(len(plan.people)), self._arrive)
        self._each(threads, "They follow one another", plan.follows, self._follow)
        self._post_everything(threads)
        self._each(threads, "They like what they see", plan.likes, self._like)
        self._each(threads, "They talk about it", range(len(plan.posts)), self._discuss)
        self._each(threads, "They write to one another", plan.conversations, self._converse)

    def _each(self, threads: ThreadPoolExecutor, step: str, things: Iterable[T], act: Callable[[T], None]) -> None:
        wanted = list(things)
        for _ in self.meter(step, threads.map(act, wanted), len(wanted)):
            pass

    def _arrive(self, number: int) -> None:
        person = self.plan.people[number]
        try:
            self.visitor.ask("POST", "/auth/signup", body=_sign_up(person))
            self.added["people"] += 1
        except Refused as refusal:
            if refusal.status != 409:
                raise
        try:
            guest = Guest(person, "", self.visitor.token(person))
        except Refused:
            return  # withdrawn, or not ours
        self._introduce(guest, number)
        self.guests[number] = guest

    def _introduce(self, guest: Guest, number: int) -> None:
        account = self.visitor.ask("GET", "/users/me", guest)
        guest.id = account["id"]
        if not account["bio"]:
            body = {"current_password": PASSWORD, "bio": guest.person.bio}
            self.visitor.ask("PATCH", "/users/me", guest, body)
        if account["avatar_url"] is None:
            self.visitor.ask("PUT", "/users/me/avatar", guest, file=image_files.avatar(guest.person.look, number))

    def _follow(self, pair: tuple[int, int]) -> None:
        who, whom = (self.guests.get(number) for number in pair)
        if who and whom:
            self.visitor.ask("PUT", f"/users/{whom.id}/follow", who)

    def _post_everything(self, threads: ThreadPoolExecutor) -> None:
        """Pictures are drawn and sent side by side, the posts themselves made in the plan's order."""
        self._recognise(threads)
        missing = [
            (number, post)
            for number, post in enumerate(self.plan.posts)
            if number not in self.posts and post.author in self.guests
        ]
        sent = threads.map(lambda each: self._send_pictures(each[1]), missing)
        for (number, post), media in self.meter("They post pictures", zip(missing, sent, strict=True), len(missing)):
            body = {"media_ids": media, "caption": post.caption}
            self.posts[number] = self.visitor.ask("POST", "/posts", self.guests[post.author], body)["id"]
            self.added["posts"] += 1

    def _recognise(self, threads: ThreadPoolExecutor) -> None:
        """The oldest posts of a person are the first that the plan has for them, from an earlier run."""
        planned: dict[int, list[int]] = defaultdict(list)
        for number, post in enumerate(self.plan.posts):
            planned[post.author].append(number)
        for author, found in threads.map(self._posts_of, list(self.guests)):
            for number, post_id in zip(planned[author], found, strict=False):
                self.posts[number] = post_id
                self.old.add(number)

    def _posts_of(self, number: int) -> tuple[int, list[str]]:
        newest_first = [post["id"] for post in self.visitor.every(f"/users/{self.guests[number].id}/posts")]
        return number, newest_first[::-1]

    def _send_pictures(self, post: Post) -> list[str]:
        return [self._send(drawing, "/media", self.guests[post.author]) for drawing in post.drawings]

    def _send(self, drawing: Drawing, path: str, guest: Guest) -> str:
        self.added["pictures"] += 1
        return str(self.visitor.ask("POST", path, guest, file=image_files.drawn(drawing))["id"])

    def _like(self, like: tuple[int, int]) -> None:
        who, post = self.guests.get(like[0]), self.posts.get(like[1])
        if who and post:
            self.visitor.ask("PUT", f"/posts/{post}/like", who)

    def _discuss(self, number: int) -> None:
        post = self.posts.get(number)
        if post is None:
            return
        known = dict(self._said_under(post)) if number in self.old else {}
        ids: list[str | None] = []
        for comment in self.plan.comments[number]:
            ids.append(self._say(comment, post, ids, known))

    def _say(self, comment: Comment, post: str, ids: list[str | None], known: dict[tuple[str, str], str]) -> str | None:
        guest = self.guests.get(comment.author)
        parent = None if comment.answers is None else ids[comment.answers]
        if guest is None or (comment.answers is not None and parent is None):
            return None
        before = known.get((guest.id, comment.text))
        if before is not None:
            return before
        body = {"text": comment.text, "parent_id": parent}
        self.added["comments"] += 1
        return str(self.visitor.ask("POST", f"/posts/{post}/comments", guest, body)["id"])

    def _said_under(self, post: str) -> Iterator[tuple[tuple[str, str], str]]:
        for comment in self.visitor.every(f"/posts/{post}/comments"):
            yield from _by_author_and_text(comment)
            if comment["reply_count"]:
                for reply in self.visitor.every(f"/comments/{comment['id']}/replies"):
                    yield from _by_author_and_text(reply)

    def _converse(self, conversation: Conversation) -> None:
        names = {guest.person.nickname: guest for guest in self.guests.values()}
        first, second = (names.get(nickname) for nickname in conversation.between)
        if first is None or second is None:
            return
        room = self.visitor.ask("POST", "/rooms", first, {"user_id": second.id})["id"]
        ids = [message["id"] for message in self.visitor.every(f"/rooms/{room}/messages", first)][::-1]
        for number, line in enumerate(conversation.lines[len(ids) :], start=len(ids)):
            speaker, other = (first, second) if line.speaker == 0 else (second, first)
            body = self._message(line, number, room, speaker, other)
            if line.quotes is not None:
                body["reply_to"] = ids[line.quotes]
            ids.append(self.visitor.ask("POST", f"/rooms/{room}/messages", speaker, body)["id"])
            self.added["messages"] += 1

    def _message(self, line: Line, number: int, room: str, speaker: Guest, other: Guest) -> dict[str, Any]:
        shared = self._newest_of(other) if line.kind == "post" else None
        if shared:
            return {"type": "post", "post_id": shared}
        if line.kind == "picture":
            drawing = Drawing(line.text, "landscape", "jpg", seed=number)
            return {"type": "image", "media_id": self._send(drawing, f"/rooms/{room}/media", speaker)}
        return {"type": "text", "text": line.text or "Have you seen the latest pictures?"}

    def _newest_of(self, guest: Guest) -> str | None:
        mine = [number for number in self.posts if self.plan.people[self.plan.posts[number].author] is guest.person]
        return self.posts[max(mine)] if mine else None


def _sign_up(person: Person) -> dict[str, str]:
    return {
        "email": person.email,
        "name": person.name,
        "nickname": person.nickname,
        "password": PASSWORD,
    }


def _by_author_and_text(comment: dict[str, Any]) -> Iterator[tuple[tuple[str, str], str]]:
    if comment["author"] and comment["text"]:
        yield (comment["author"]["id"], comment["text"]), comment["id"]
