"""The HTTP client of the tests of dm."""

from typing import Any

import httpx

from shared.testing.api_client import AuthenticatedClient, Json, expect_json

from .factories import picture


class ApiClient(AuthenticatedClient):
    """The requests of one user."""

    def open_room(self, peer: "ApiClient") -> httpx.Response:
        return self.send("POST", "/rooms", json={"user_id": peer.id})

    def room_with(self, peer: "ApiClient") -> str:
        """The id of the room of both users."""
        room_id: str = self.open_room(peer).json()["id"]
        return room_id

    def message(self, room: str, key: str | None = None, **content: Any) -> httpx.Response:
        return self.send("POST", f"/rooms/{room}/messages", key, json=content)

    def say(self, room: str, text: str, **more: Any) -> httpx.Response:
        return self.message(room, type="text", text=text, **more)

    def upload(self, room: str, file: bytes | None = None, key: str | None = None, **fields: str) -> httpx.Response:
        files = {"file": ("photo.png", picture() if file is None else file, "image/png")}
        return self.send("POST", f"/rooms/{room}/media", key, files=files, data=fields)

    def show(self, room: str, **more: Any) -> httpx.Response:
        """Upload a photo and send it."""
        return self.message(room, type="image", media_id=self.upload(room).json()["id"], **more)

    def share(self, room: str, post_id: str, **more: Any) -> httpx.Response:
        return self.message(room, type="post", post_id=post_id, **more)

    def read(self, room: str, message_id: str) -> httpx.Response:
        return self.send("PUT", f"/rooms/{room}/read", json={"message_id": message_id})

    def accept(self, room: str) -> httpx.Response:
        return self.send("PUT", f"/rooms/{room}/acceptance")

    def decline(self, room: str) -> httpx.Response:
        return self.send("DELETE", f"/rooms/{room}/acceptance")

    def let_begin(self, senders: str) -> httpx.Response:
        return self.send("PUT", "/users/me/message-settings", json={"from": senders})

    def requests(self) -> list[Json]:
        items: list[Json] = expect_json(self.send("GET", "/rooms?state=request&limit=100"), 200)["items"]
        return items

    def mute(self, room: str) -> httpx.Response:
        return self.send("PUT", f"/rooms/{room}/mute")

    def unmute(self, room: str) -> httpx.Response:
        return self.send("DELETE", f"/rooms/{room}/mute")

    def hide(self, room: str) -> httpx.Response:
        return self.send("PUT", f"/rooms/{room}/hidden")

    def room(self, room: str) -> Json:
        return expect_json(self.send("GET", f"/rooms/{room}"), 200)

    def rooms(self) -> list[Json]:
        items: list[Json] = expect_json(self.send("GET", "/rooms?limit=100"), 200)["items"]
        return items

    def messages(self, room: str) -> list[Json]:
        """All messages of the room, newest first."""
        items: list[Json] = expect_json(self.send("GET", f"/rooms/{room}/messages?limit=100"), 200)["items"]
        return items
