"""Somebody at the door of dm: asks with their token and reads the answers."""

from dataclasses import dataclass
from typing import Any

import httpx

from shared import ids
from shared.testing import FakeTokenIssuer, LiveService

from .factories import picture

API = "/api/v1"
Json = dict[str, Any]


@dataclass(frozen=True)
class ApiClient:
    """One person, whom dm has heard of or not."""

    dm: LiveService
    token_issuer: FakeTokenIssuer
    number: int

    @property
    def id(self) -> str:
        return ids.encode(self.number)

    def send(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Any request below the API's base path."""
        headers = self.token_issuer.bearer(self.number) | options.pop("headers", {})
        return self.dm.client.request(method, f"{API}{path}", headers=headers, **options)

    def open_room(self, peer: "ApiClient") -> httpx.Response:
        return self.send("POST", "/rooms", json={"user_id": peer.id})

    def room_with(self, peer: "ApiClient") -> str:
        """The id of their room."""
        room_id: str = self.open_room(peer).json()["id"]
        return room_id

    def message(self, room: str, key: str | None = None, **content: Any) -> httpx.Response:
        headers = {} if key is None else {"Idempotency-Key": key}
        return self.send("POST", f"/rooms/{room}/messages", json=content, headers=headers)

    def say(self, room: str, text: str, **more: Any) -> httpx.Response:
        return self.message(room, type="text", text=text, **more)

    def upload(self, room: str, file: bytes | None = None, key: str | None = None, **fields: str) -> httpx.Response:
        files = {"file": ("photo.png", picture() if file is None else file, "image/png")}
        headers = {} if key is None else {"Idempotency-Key": key}
        return self.send("POST", f"/rooms/{room}/media", files=files, data=fields, headers=headers)

    def show(self, room: str, **more: Any) -> httpx.Response:
        """Upload a photo and send it."""
        return self.message(room, type="image", media_id=self.upload(room).json()["id"], **more)

    def share(self, room: str, post_id: str, **more: Any) -> httpx.Response:
        return self.message(room, type="post", post_id=post_id, **more)

    def read(self, room: str, message_id: str) -> httpx.Response:
        return self.send("PUT", f"/rooms/{room}/read", json={"message_id": message_id})

    def room(self, room: str) -> Json:
        """The room as they see it."""
        return expect_json(self.send("GET", f"/rooms/{room}"), 200)

    def rooms(self) -> list[Json]:
        """All of their rooms."""
        items: list[Json] = expect_json(self.send("GET", "/rooms?limit=100"), 200)["items"]
        return items

    def messages(self, room: str) -> list[Json]:
        """Everything that was said in the room, newest first."""
        items: list[Json] = expect_json(self.send("GET", f"/rooms/{room}/messages?limit=100"), 200)["items"]
        return items


def expect_json(response: httpx.Response, status: int = 201) -> Json:
    """The JSON of an answer that has this status."""
    assert response.status_code == status, response.text
    found: Json = response.json()
    return found


def expect_problem(response: httpx.Response, status: int, code: str) -> Json:
    """The problem of a refusal with this status and this code."""
    problem = expect_json(response, status)
    assert problem["code"] == code, problem
    return problem
