"""Creates everything in the plan that does not exist yet, so it can be run again."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from demo import image_files
from demo.image_files import Drawing

from .client import ApiClient, DemoUser, RequestRejected
from .conversations import Conversation, Line
from .people import PASSWORD, Person
from .plan import Comment, Plan, Post

THREADS = 4
T = TypeVar("T")
R = TypeVar("R")


class ProgressReporter(Protocol):
    """Shows the progress of a step."""

    def __call__(self, step: str, items: Iterable[R], total: int, /) -> Iterable[R]: ...


@dataclass(slots=True)
class Seeder:
    plan: Plan
    client: ApiClient
    meter: ProgressReporter
    added: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    # By index in the plan; without users who were deleted or have another password.
    users: dict[int, DemoUser] = field(default_factory=dict)
    posts: dict[int, str] = field(default_factory=dict)  # ids by index in the plan
    existing_posts: set[int] = field(default_factory=set)

    def run(self) -> None:
        with ThreadPoolExecutor(THREADS) as threads:
            try:
                self._steps(threads)
            finally:
                threads.shutdown(cancel_futures=True)

    def _steps(self, threads: ThreadPoolExecutor) -> None:
        plan = self.plan
        self._each(threads, "Sign up users", range(len(plan.people)), self._create_user)
        self._each(threads, "Add follows", plan.follows, self._follow)
        self._post_everything(threads)
        self._each(threads, "Add likes", plan.likes, self._like)
        self._each(threads, "Add comments", range(len(plan.posts)), self._write_comments)
        self._each(threads, "Send messages", plan.conversations, self._write_messages)

    def _each(self, threads: ThreadPoolExecutor, step: str, items: Iterable[T], action: Callable[[T], None]) -> None:
        wanted = list(items)
        for _ in self.meter(step, threads.map(action, wanted), len(wanted)):
            pass

    def _create_user(self, number: int) -> None:
        person = self.plan.people[number]
        try:
            self.client.ask("POST", "/auth/signup", body=_sign_up(person))
            self.added["people"] += 1
        except RequestRejected as refusal:
            if refusal.status != 409:
                raise
        try:
            user = DemoUser(person, "", self.client.token(person))
        except RequestRejected:
            return  # deleted, or not a demo user
        self._complete_profile(user, number)
        self.users[number] = user

    def _complete_profile(self, user: DemoUser, number: int) -> None:
        account = self.client.ask("GET", "/users/me", user)
        user.id = account["id"]
        if not account["bio"]:
            body = {"current_password": PASSWORD, "bio": user.person.bio}
            self.client.ask("PATCH", "/users/me", user, body)
        if account["avatar_url"] is None:
            self.client.ask("PUT", "/users/me/avatar", user, file=image_files.avatar(user.person.look, number))

    def _follow(self, pair: tuple[int, int]) -> None:
        who, whom = (self.users.get(number) for number in pair)
        if who and whom:
            self.client.ask("PUT", f"/users/{whom.id}/follow", who)

    def _post_everything(self, threads: ThreadPoolExecutor) -> None:
        """Images are drawn and uploaded in parallel, posts are created in the order of the plan."""
        self._find_existing_posts(threads)
        missing = [
            (number, post)
            for number, post in enumerate(self.plan.posts)
            if number not in self.posts and post.author in self.users
        ]
        sent = threads.map(lambda each: self._send_pictures(each[1]), missing)
        for (number, post), media in self.meter("Publish posts", zip(missing, sent, strict=True), len(missing)):
            body = {"media_ids": media, "caption": post.caption}
            self.posts[number] = self.client.ask("POST", "/posts", self.users[post.author], body)["id"]
            self.added["posts"] += 1

    def _find_existing_posts(self, threads: ThreadPoolExecutor) -> None:
        """The oldest posts of a user are the first ones of the plan, from an earlier run."""
        planned: dict[int, list[int]] = defaultdict(list)
        for number, post in enumerate(self.plan.posts):
            planned[post.author].append(number)
        for author, found in threads.map(self._posts_of, list(self.users)):
            for number, post_id in zip(planned[author], found, strict=False):
                self.posts[number] = post_id
                self.existing_posts.add(number)

    def _posts_of(self, number: int) -> tuple[int, list[str]]:
        newest_first = [post["id"] for post in self.client.every(f"/users/{self.users[number].id}/posts")]
        return number, newest_first[::-1]

    def _send_pictures(self, post: Post) -> list[str]:
        return [self._send(drawing, "/media", self.users[post.author]) for drawing in post.drawings]

    def _send(self, drawing: Drawing, path: str, user: DemoUser) -> str:
        self.added["pictures"] += 1
        return str(self.client.ask("POST", path, user, file=image_files.image_file(drawing))["id"])

    def _like(self, like: tuple[int, int]) -> None:
        who, post = self.users.get(like[0]), self.posts.get(like[1])
        if who and post:
            self.client.ask("PUT", f"/posts/{post}/like", who)

    def _write_comments(self, number: int) -> None:
        post = self.posts.get(number)
        if post is None:
            return
        known = dict(self._existing_comments(post)) if number in self.existing_posts else {}
        ids: list[str | None] = []
        for comment in self.plan.comments[number]:
            ids.append(self._write_comment(comment, post, ids, known))

    def _write_comment(
        self, comment: Comment, post: str, ids: list[str | None], known: dict[tuple[str, str], str]
    ) -> str | None:
        user = self.users.get(comment.author)
        parent = None if comment.answers is None else ids[comment.answers]
        if user is None or (comment.answers is not None and parent is None):
            return None
        existing = known.get((user.id, comment.text))
        if existing is not None:
            return existing
        body = {"text": comment.text, "parent_id": parent}
        self.added["comments"] += 1
        return str(self.client.ask("POST", f"/posts/{post}/comments", user, body)["id"])

    def _existing_comments(self, post: str) -> Iterator[tuple[tuple[str, str], str]]:
        for comment in self.client.every(f"/posts/{post}/comments"):
            yield from _by_author_and_text(comment)
            if comment["reply_count"]:
                for reply in self.client.every(f"/comments/{comment['id']}/replies"):
                    yield from _by_author_and_text(reply)

    def _write_messages(self, conversation: Conversation) -> None:
        names = {user.person.nickname: user for user in self.users.values()}
        first, second = (names.get(nickname) for nickname in conversation.between)
        if first is None or second is None:
            return
        room = self.client.ask("POST", "/rooms", first, {"user_id": second.id})["id"]
        self.client.ask("PUT", f"/rooms/{room}/acceptance", second)
        ids = [message["id"] for message in self.client.every(f"/rooms/{room}/messages", first)][::-1]
        for number, line in enumerate(conversation.lines[len(ids) :], start=len(ids)):
            speaker, other = (first, second) if line.speaker == 0 else (second, first)
            body = self._message(line, number, room, speaker, other)
            if line.quotes is not None:
                body["reply_to"] = ids[line.quotes]
            ids.append(self.client.ask("POST", f"/rooms/{room}/messages", speaker, body)["id"])
            self.added["messages"] += 1

    def _message(self, line: Line, number: int, room: str, speaker: DemoUser, other: DemoUser) -> dict[str, Any]:
        shared = self._newest_of(other) if line.kind == "post" else None
        if shared:
            return {"type": "post", "post_id": shared}
        if line.kind == "picture":
            drawing = Drawing(line.text, "landscape", "jpg", seed=number)
            return {"type": "image", "media_id": self._send(drawing, f"/rooms/{room}/media", speaker)}
        return {"type": "text", "text": line.text or "Have you seen the latest pictures?"}

    def _newest_of(self, user: DemoUser) -> str | None:
        mine = [number for number in self.posts if self.plan.people[self.plan.posts[number].author] is user.person]
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
