"""The HTTP clients of the tests of posts."""

from dataclasses import dataclass
from functools import cache
from io import BytesIO
from typing import Any

import httpx
from PIL import Image

from shared import ids
from shared.database.engine import Database
from shared.testing import FakeTokenIssuer, LiveService
from shared.testing.api_client import API, AuthenticatedClient, Json, expect_json

from .factories import some_people


@cache
def picture() -> bytes:
    """A small photo."""
    file = BytesIO()
    Image.new("RGB", (90, 60), (30, 90, 160)).save(file, "JPEG")
    return file.getvalue()


class ApiClient(AuthenticatedClient):
    """The requests of one user."""

    def get(self, path: str) -> Any:
        """The JSON of a 200."""
        return expect_json(self.send("GET", path), 200)

    def upload(self, file: bytes | None = None, key: str | None = None, **fields: str) -> httpx.Response:
        files = {"file": ("photo.jpg", picture() if file is None else file, "image/jpeg")}
        return self.send("POST", "/media", key, files=files, data=fields)

    def photo(self) -> str:
        """The id of a new photo of the user."""
        media_id: str = expect_json(self.upload())["id"]
        return media_id

    def post(self, media_ids: list[str], key: str | None = None, **fields: Any) -> httpx.Response:
        return self.send("POST", "/posts", key, json={"media_ids": media_ids, **fields})

    def posted(self, caption: str | None = None, photos: int = 1) -> Json:
        """A new post of the user."""
        return expect_json(self.post([self.photo() for _ in range(photos)], caption=caption))

    def edit(self, post: str, **fields: Any) -> httpx.Response:
        return self.send("PATCH", f"/posts/{post}", json=fields)

    def like(self, post: str) -> httpx.Response:
        return self.send("PUT", f"/posts/{post}/like")

    def unlike(self, post: str) -> httpx.Response:
        return self.send("DELETE", f"/posts/{post}/like")

    def save(self, post: str) -> httpx.Response:
        return self.send("PUT", f"/posts/{post}/save")

    def like_comment(self, comment: str) -> httpx.Response:
        return self.send("PUT", f"/comments/{comment}/like")

    def unlike_comment(self, comment: str) -> httpx.Response:
        return self.send("DELETE", f"/comments/{comment}/like")

    def comment(self, post: str, text: str, key: str | None = None, **fields: Any) -> httpx.Response:
        return self.send("POST", f"/posts/{post}/comments", key, json={"text": text, **fields})

    def said(self, post: str, text: str, parent: str | None = None) -> Json:
        """A new comment of the user, or a reply."""
        return expect_json(self.comment(post, text, parent_id=parent))


@dataclass(frozen=True)
class ApiClients:
    """Creates clients of users."""

    service: LiveService
    token_issuer: FakeTokenIssuer
    database: Database

    def known(self, number: int) -> list[ApiClient]:
        """This number of users that posts knows."""
        return [ApiClient(self.service, self.token_issuer, each) for each in some_people(self.database, number)]

    def unknown_user(self) -> ApiClient:
        """A user that posts does not know."""
        return ApiClient(self.service, self.token_issuer, ids.new())

    def anybody(self, path: str) -> httpx.Response:
        """The response to a request without a token."""
        return self.service.client.get(f"{API}{path}")
