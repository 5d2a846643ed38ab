"""Our standalone with a community."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from io import BytesIO

import httpx
from PIL import Image

from bench.community.feeds import (
    FEED_POSTS,
    PASSWORD,
    REQUEST_SECONDS,
    OneProcess,
    await_feeds,
    follow_all,
    send,
    texts,
)
from bench.load.requests import Request
from bench.systems import feed, start
from chaos.processes import Process
from shared.testing.ports import free_port

PHOTO_SIZE = (640, 480)
TOKEN_SECONDS = "3600"  # noqa: S105 - a setting; measuring takes longer than the usual ten minutes


@dataclass
class Standalone(OneProcess):
    """As `make run` starts it."""

    name: str = "ours"
    settings: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        usual = {"DATA_DIR": str(self.folder / "ours"), "ACCESS_TOKEN_SECONDS": TOKEN_SECONDS}
        command = ["-m", "deploy.standalone"]
        self.process = Process("standalone", command, {**usual, **self.settings}, self.folder, free_port())

    def fill(self, people: int, posts_each: int) -> list[Request]:
        """Start it and create people and posts through the API; the request of each person's feed. Raises Wrong."""
        start([self.process])
        with httpx.Client(base_url=f"{self.process.url}/api/v1", timeout=REQUEST_SECONDS) as web:
            tokens = [_sign_up(web, f"person{number}") for number in range(people)]
            ids = [send(web, "GET", "/users/me", token)["id"] for token in tokens]
            follow_all(ids, lambda follower, followee: send(web, "PUT", f"/users/{followee}/follow", tokens[follower]))
            photo, created = _photo(), texts(people, posts_each)
            for number, text in enumerate(created):
                _publish(web, tokens[number % people], photo, text)
            requests = [feed(token, FEED_POSTS) for token in tokens]
            await_feeds(self.process.url, requests, created, lambda page: [post["caption"] for post in page["items"]])
        return requests


def _sign_up(web: httpx.Client, nickname: str) -> str:
    """An access token."""
    account = {"email": f"{nickname}@example.org", "name": nickname, "nickname": nickname, "password": PASSWORD}
    send(web, "POST", "/auth/signup", json=account)
    token: str = send(web, "POST", "/auth/login", json={"identifier": nickname, "password": PASSWORD})["access_token"]
    return token


def _publish(web: httpx.Client, token: str, photo: bytes, caption: str) -> None:
    upload = send(web, "POST", "/media", token, files={"file": ("photo.jpg", photo, "image/jpeg")})
    send(web, "POST", "/posts", token, json={"media_ids": [upload["id"]], "caption": caption})


def _photo() -> bytes:
    file = BytesIO()
    Image.effect_noise(PHOTO_SIZE, 60).save(file, "JPEG")
    return file.getvalue()
