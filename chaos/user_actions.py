"""What the users of the traffic do, each in one thread."""

import io
import random
import secrets
import threading
import time
from dataclasses import dataclass, field

import pyotp
from PIL import Image

from chaos.client import Client
from chaos.history import ACKED, MARK, UNKNOWN, DesiredState, Person, Written

REMEMBERED = 60
"""Posts and comments that get likes and comments: the newest ones."""


def tiny_picture() -> bytes:
    """An image that costs the decoders as little as possible."""
    memory = io.BytesIO()
    Image.new("RGB", (8, 8), (200, 60, 30)).save(memory, "PNG")
    return memory.getvalue()


PICTURE = tiny_picture()


@dataclass
class Town:
    """The data shared by all threads."""

    residents: list[Person] = field(default_factory=list)
    posts: list[Written] = field(default_factory=list)
    comments: list[Written] = field(default_factory=list)

    def remember(self, thing: Written) -> None:
        """Make it available to other threads."""
        those = self.posts if thing.kind == "post" else self.comments
        those.append(thing)
        del those[:-REMEMBERED]


class Hand:
    """One thread and its users."""

    def __init__(self, client: Client, town: Town, chance: random.Random) -> None:
        self.client = client
        self.history = client.history
        self.town = town
        self.chance = chance

    def newcomer(self) -> Person | None:
        """A new user who is logged in."""
        phone = f"+8210{secrets.randbelow(10**8):08d}" if self.chance.random() < 0.2 else None
        person = Person(phone=phone)
        return person if self.client.sign_up(person) else None

    def follow(self, who: Person, whom: Person, *, wanted: bool = True) -> None:
        """Or unfollow."""
        wishes, pair = self.history.follows, (who.id, whom.id)
        self._wish(wishes.setdefault(pair, DesiredState(wanted)), who, f"/users/{whom.id}/follow", wanted=wanted)

    def like(self, who: Person, post: Written, *, wanted: bool = True) -> None:
        """Or unlike."""
        wishes, pair = self.history.likes, (who.id, post.id)
        self._wish(wishes.setdefault(pair, DesiredState(wanted)), who, f"/posts/{post.id}/like", wanted=wanted)

    def publish(self, who: Person) -> Written | None:
        """A post with one photo. An upload without a response is repeated."""
        upload = self.client.ask(who, "POST", "/media", files={"file": ("a.png", PICTURE, "image/png")})
        if upload.outcome is not ACKED:
            return None
        post = self._written("post", who, "")
        self._say(post, "/posts", {"media_ids": [upload.body["id"]], "caption": post.text})
        return post

    def comment(self, who: Person, post: Written, parent: Written | None = None) -> None:
        """On a post, or as a reply to one of its comments."""
        comment = self._written("comment", who, post.id)
        answered = {"parent_id": parent.id} if parent else {}
        self._say(comment, f"/posts/{post.id}/comments", {"text": comment.text, **answered})

    def reply(self, who: Person, comment: Written) -> None:
        """To this comment."""
        said = self._written("comment", who, comment.place)
        self._say(said, f"/posts/{comment.place}/comments", {"text": said.text, "parent_id": comment.id})

    def message(self, who: Person, whom: Person, times: int = 1) -> None:
        """A direct message; sometimes messages are marked as read."""
        pair = frozenset({who.id, whom.id})
        if pair not in self.history.rooms:
            opened = self.client.ask(who, "POST", "/rooms", json={"user_id": whom.id})
            if opened.outcome is not ACKED:
                return
            self.history.rooms[pair] = opened.body["id"]
            self.client.ask(whom, "PUT", f"/rooms/{opened.body['id']}/acceptance")
        room = self.history.rooms[pair]
        for _ in range(times):
            message = self._written("message", who, room)
            self._say(message, f"/rooms/{room}/messages", {"type": "text", "text": message.text})
            if message.outcome is ACKED and self.chance.random() < 0.3:
                self.client.ask(whom, "PUT", f"/rooms/{room}/read", json={"message_id": message.id})

    def show(self, who: Person, whom: Person) -> None:
        """A photo in the room of the two users, if they have one."""
        room = self.history.rooms.get(frozenset({who.id, whom.id}))
        if room is None:
            return
        upload = self.client.ask(who, "POST", f"/rooms/{room}/media", files={"file": ("a.png", PICTURE, "image/png")})
        if upload.outcome is ACKED:
            photo = Written("photo", who, room, upload.body["id"])
            self.history.written.append(photo)
            self._say(photo, f"/rooms/{room}/messages", {"type": "image", "media_id": photo.text})

    def portrait(self, who: Person) -> None:
        """A new avatar."""
        self.client.ask(who, "PUT", "/users/me/avatar", files={"file": ("me.png", PICTURE, "image/png")})

    def add_second_factor(self, who: Person) -> None:
        """Later logins need a code."""
        path, proof = "/users/me/totp", {"current_password": who.password}
        begun = self.client.ask(who, "POST", path, json=proof)
        if begun.outcome is ACKED:
            who.totp_secret = begun.body["secret"]
            code = {"code": pyotp.TOTP(who.totp_secret).now()}
            who.second_factor = self.client.ask(who, "PUT", path, json=code).outcome

    def request_export(self, who: Person) -> None:
        """Of all data of this user, once."""
        if who.export is None:
            who.export = self.client.ask(who, "POST", "/users/me/export").outcome

    def request_reset(self, who: Person) -> None:
        """Of the password; the link is not used."""
        self.client.ask(None, "POST", "/auth/password-reset", json={"email": who.account()["email"]})

    def read(self, who: Person) -> None:
        """A page of one of the lists that clients read most, or a post or a profile that may be gone."""
        post, other = self.chance.choice(self.town.posts), self.chance.choice(self.town.residents)
        paths = ("/feed", "/feed", "/feed", "/rooms", "/notifications", f"/posts/{post.id}", f"/users/{other.id}/posts")
        self.client.ask(who, "GET", self.chance.choice(paths))

    def withdraw(self, who: Person) -> None:
        """While the user's other requests are still running."""
        post = self.chance.choice(self.town.posts)
        other = self.client.another()
        racing = Hand(other, self.town, self.chance)
        racer = threading.Thread(target=lambda: racing.comment(who, post))
        with_race = self.chance.random() < 0.25
        if with_race:
            racer.start()
        self.client.withdraw(who)
        if with_race:
            racer.join()
        other.close()
        if who.gone and self.chance.random() < 0.2:
            late = self.client.ask(who, "GET", "/users/me")
            if late.outcome is ACKED:
                self.history.surprises.append(f"{who.mark} has withdrawn and is still let in")

    def _wish(self, desired: DesiredState, who: Person, path: str, *, wanted: bool) -> None:
        if desired.frozen:
            return
        desired.wanted, desired.outcome, desired.frozen = wanted, UNKNOWN, True
        unanswered = self.client.unanswered
        desired.outcome = self.client.ask(who, "PUT" if wanted else "DELETE", path).outcome
        desired.frozen = self.client.unanswered > unanswered  # a request without a response may still be executed later

    def _written(self, kind: str, who: Person, place: str) -> Written:
        text = f"{MARK}-{kind}-{secrets.token_hex(8)} by {who.mark} 글🌊"
        thing = Written(kind, who, place, text)
        self.history.written.append(thing)
        return thing

    def _say(self, thing: Written, path: str, body: dict[str, object]) -> None:
        key = {"idempotency-key": secrets.token_hex(8)}
        thing.began = time.time()
        reply = self.client.ask(thing.author, "POST", path, json=body, headers=key)
        thing.ended = time.time()
        thing.outcome = reply.outcome
        if reply.outcome is ACKED:
            thing.id = reply.body["id"]
            if thing.kind in ("post", "comment"):
                self.town.remember(thing)
