"""People at the door of posts: each asks with their token and reads the answers."""

from dataclasses import dataclass
from functools import cache
from io import BytesIO
from typing import Any

import httpx
from PIL import Image

from shared import ids
from shared.database.engine import Database
from shared.testing import FakeTokenIssuer, LiveService

from .factories import some_people

API = "/api/v1"
Json = dict[str, Any]


@cache
def picture() -> bytes:
    """A small photo."""
    file = BytesIO()
    Image.new("RGB", (90, 60), (30, 90, 160)).save(file, "JPEG")
    return file.getvalue()


@dataclass(frozen=True)
class ApiClient:
    """One person, of whom posts has heard or not."""

    service: LiveService
    token_issuer: FakeTokenIssuer
    number: int

    @property
    def id(self) -> str:
        return ids.encode(self.number)

    def send(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Any request below the API's base path, with one's token."""
        headers = self.token_issuer.bearer(self.number) | options.pop("headers", {})
        return self.service.client.request(method, f"{API}{path}", headers=headers, **options)

    def get(self, path: str) -> Any:
        """What is there."""
        return expect_json(self.send("GET", path), 200)

    def upload(self, file: bytes | None = None, key: str | None = None, **fields: str) -> httpx.Response:
        files = {"file": ("photo.jpg", picture() if file is None else file, "image/jpeg")}
        headers = {} if key is None else {"Idempotency-Key": key}
        return self.send("POST", "/media", files=files, data=fields, headers=headers)

    def photo(self) -> str:
        """The id of a new photo of theirs."""
        media_id: str = expect_json(self.upload())["id"]
        return media_id

    def post(self, media_ids: list[str], key: str | None = None, **fields: Any) -> httpx.Response:
        headers = {} if key is None else {"Idempotency-Key": key}
        return self.send("POST", "/posts", json={"media_ids": media_ids, **fields}, headers=headers)

    def posted(self, caption: str | None = None, photos: int = 1) -> Json:
        """A new post of theirs."""
        return expect_json(self.post([self.photo() for _ in range(photos)], caption=caption))

    def edit(self, post: str, **fields: Any) -> httpx.Response:
        return self.send("PATCH", f"/posts/{post}", json=fields)

    def like(self, post: str) -> httpx.Response:
        return self.send("PUT", f"/posts/{post}/like")

    def unlike(self, post: str) -> httpx.Response:
        return self.send("DELETE", f"/posts/{post}/like")

    def comment(self, post: str, text: str, key: str | None = None, **fields: Any) -> httpx.Response:
        headers = {} if key is None else {"Idempotency-Key": key}
        return self.send("POST", f"/posts/{post}/comments", json={"text": text, **fields}, headers=headers)

    def said(self, post: str, text: str, parent: str | None = None) -> Json:
        """A new comment of theirs, or a reply."""
        return expect_json(self.comment(post, text, parent_id=parent))


@dataclass(frozen=True)
class ApiClients:
    """Where people come from."""

    service: LiveService
    token_issuer: FakeTokenIssuer
    database: Database

    def known(self, number: int) -> list[ApiClient]:
        """So many people of whom posts has heard."""
        return [ApiClient(self.service, self.token_issuer, each) for each in some_people(self.database, number)]

    def unknown_user(self) -> ApiClient:
        """Somebody of whom posts has not heard."""
        return ApiClient(self.service, self.token_issuer, ids.new())

    def anybody(self, path: str) -> httpx.Response:
        """What is there for somebody without a token."""
        return self.service.client.get(f"{API}{path}")


def expect_json(response: httpx.Response, status: int = 201) -> Json:
    """The JSON of an answer that has this status."""
    assert response.status_code == status, response.text
    found: Json = response.json()
    return found


def expect_problem(response: httpx.Response, status: int, code: str, pointer: str | None = None) -> Json:
    """The problem of a refusal with this status and code, pointing at this place of the body."""
    problem = expect_json(response, status)
    assert response.headers["content-type"] == "application/problem+json"
    assert problem["code"] == code, problem
    if pointer is not None:
        assert [fault["pointer"] for fault in problem["errors"]] == [pointer]
    return problem
