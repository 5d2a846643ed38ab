"""A user of the service: each method sends a request and returns the raw response."""

import secrets
import time
from dataclasses import dataclass, field
from typing import Any, Self

import httpx

from .image_files import picture
from .responses import answer

API = "/api/v1"


def fresh_nickname() -> str:
    return f"j{secrets.token_hex(8)}"


def fresh_email() -> str:
    return f"{fresh_nickname()}@example.com"


def fresh_phone() -> str:
    """A Korean mobile number in national format."""
    return f"010-{2000 + secrets.randbelow(3000)}-{secrets.randbelow(10_000):04d}"


def fresh_password() -> str:
    return f"Wharf-{secrets.token_urlsafe(12)}"


def form(file: bytes | None = None) -> dict[str, tuple[str, bytes, str]]:
    """The form of an upload: of this file, or of a new image."""
    return {"file": ("photo.jpg", picture() if file is None else file, "image/jpeg")}


@dataclass
class Person:
    """A user with sign-up data and current tokens."""

    web: httpx.Client = field(repr=False)
    email: str = field(default_factory=fresh_email)
    nickname: str = field(default_factory=fresh_nickname)
    name: str = "Jo Journey"
    password: str = field(default_factory=fresh_password)
    phone: str | None = None
    id: str = ""
    access_token: str = ""
    refresh_token: str = ""
    _issued: str = field(default="", repr=False)
    _refresh_at: float = field(default=0.0, repr=False)

    @classmethod
    def registered(cls, web: httpx.Client, **details: Any) -> Self:
        """Signed up, without tokens."""
        person = cls(web, **details)
        answer(person.sign_up(), 201)
        return person

    @classmethod
    def newcomer(cls, web: httpx.Client, **details: Any) -> Self:
        """Signed up and logged in."""
        person = cls.registered(web, **details)
        answer(person.log_in(), 200)
        return person

    def send(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Any request below the API's base path, with the token."""
        return self.fetch(method, f"{API}{path}", **options)

    def fetch(self, method: str, url: str, **options: Any) -> httpx.Response:
        """Any request, with the token."""
        self.keep_fresh()
        headers = {"Authorization": f"Bearer {self.access_token}", **options.pop("headers", {})}
        return self.web.request(method, url, headers=headers, **options)

    def elsewhere(self) -> Self:
        """The same user, logged in on another device."""
        twin = type(self)(self.web, self.email, self.nickname, self.name, self.password, self.phone, self.id)
        answer(twin.log_in(), 200)
        return twin

    def details(self) -> dict[str, Any]:
        """The sign-up data."""
        required = {name: getattr(self, name) for name in ("email", "name", "nickname", "password")}
        return required if self.phone is None else required | {"phone": self.phone}

    def shown(self) -> dict[str, Any]:
        """The UserRef of a user without an avatar."""
        return {
            "id": self.id,
            "nickname": self.nickname,
            "name": self.name,
            "avatar_url": None,
            "deleted": False,
        }

    # Account

    def sign_up(self) -> httpx.Response:
        response = self.web.post(f"{API}/auth/signup", json=self.details())
        if response.status_code == 201:
            self.id = response.json()["id"]
        return response

    def log_in(self, identifier: str | None = None, device: str | None = None) -> httpx.Response:
        body = {"identifier": identifier or self.nickname, "password": self.password}
        if device is not None:
            body["device"] = device
        return self._keep_tokens(self.web.post(f"{API}/auth/login", json=body))

    def refresh(self) -> httpx.Response:
        response = self.web.post(f"{API}/auth/refresh", json={"refresh_token": self.refresh_token})
        return self._keep_tokens(response)

    def _keep_tokens(self, response: httpx.Response) -> httpx.Response:
        if response.status_code == 200:
            self.access_token = response.json()["access_token"]
            self.refresh_token = response.json()["refresh_token"]
            self._issued = self.access_token
            self._refresh_at = time.monotonic() + response.json()["expires_in"] / 2
        return response

    def keep_fresh(self) -> None:
        """Refresh the access token in the middle of its lifetime, as clients do. A token set by a test stays."""
        if self.access_token == self._issued != "" and time.monotonic() > self._refresh_at:
            self._renew()

    def _renew(self) -> None:
        answer(self.refresh())

    def log_out(self) -> httpx.Response:
        return self.send("POST", "/auth/logout")

    def account(self) -> httpx.Response:
        return self.send("GET", "/users/me")

    def change(self, **fields: Any) -> httpx.Response:
        """Change the account, with the current password unless another one is given."""
        return self.send("PATCH", "/users/me", json={"current_password": self.password, **fields})

    def show_face(self, file: bytes) -> httpx.Response:
        return self.send("PUT", "/users/me/avatar", files=form(file))

    def withdraw(self) -> httpx.Response:
        return self.send("POST", "/users/me/deletion", json={"current_password": self.password})

    # Others

    def follow(self, user_id: str) -> httpx.Response:
        return self.send("PUT", f"/users/{user_id}/follow")

    def unfollow(self, user_id: str) -> httpx.Response:
        return self.send("DELETE", f"/users/{user_id}/follow")

    # Posts

    def upload(self, file: bytes | None = None, **fields: str) -> httpx.Response:
        return self.send("POST", "/media", files=form(file), data=fields)

    def photo(self) -> str:
        """The id of a new photo of the user."""
        media_id: str = answer(self.upload(), 201)["id"]
        return media_id

    def post(self, caption: str | None = None, photos: int = 1, **options: Any) -> httpx.Response:
        """Post new photos, with a caption unless it is None."""
        body: dict[str, Any] = {"media_ids": [self.photo() for _ in range(photos)]}
        if caption is not None:
            body["caption"] = caption
        return self.send("POST", "/posts", json=body, **options)

    def posted(self, caption: str | None = None, photos: int = 1) -> Any:
        """A new post of the user."""
        return answer(self.post(caption, photos), 201)

    def edit_post(self, post_id: str, **fields: Any) -> httpx.Response:
        return self.send("PATCH", f"/posts/{post_id}", json=fields)

    def delete_post(self, post_id: str) -> httpx.Response:
        return self.send("DELETE", f"/posts/{post_id}")

    def like(self, post_id: str) -> httpx.Response:
        return self.send("PUT", f"/posts/{post_id}/like")

    def unlike(self, post_id: str) -> httpx.Response:
        return self.send("DELETE", f"/posts/{post_id}/like")

    def save(self, post_id: str) -> httpx.Response:
        return self.send("PUT", f"/posts/{post_id}/save")

    def unsave(self, post_id: str) -> httpx.Response:
        return self.send("DELETE", f"/posts/{post_id}/save")

    # Comments

    def comment(self, post_id: str, text: str, **options: Any) -> httpx.Response:
        return self.send("POST", f"/posts/{post_id}/comments", json={"text": text}, **options)

    def reply(self, post_id: str, parent_id: str, text: str) -> httpx.Response:
        return self.send("POST", f"/posts/{post_id}/comments", json={"text": text, "parent_id": parent_id})

    def edit_comment(self, comment_id: str, text: str) -> httpx.Response:
        return self.send("PATCH", f"/comments/{comment_id}", json={"text": text})

    def delete_comment(self, comment_id: str) -> httpx.Response:
        return self.send("DELETE", f"/comments/{comment_id}")

    def like_comment(self, comment_id: str) -> httpx.Response:
        return self.send("PUT", f"/comments/{comment_id}/like")

    def unlike_comment(self, comment_id: str) -> httpx.Response:
        return self.send("DELETE", f"/comments/{comment_id}/like")

    # Rooms

    def open_room(self, user_id: str) -> httpx.Response:
        return self.send("POST", "/rooms", json={"user_id": user_id})

    def room_with(self, peer: "Person") -> str:
        """The id of a new room with a user who follows this one, so that it is no request."""
        answer(peer.follow(self.id))
        room_id: str = answer(self.open_room(peer.id), 201)["id"]
        return room_id

    def accept(self, room_id: str) -> httpx.Response:
        return self.send("PUT", f"/rooms/{room_id}/acceptance")

    def decline(self, room_id: str) -> httpx.Response:
        return self.send("DELETE", f"/rooms/{room_id}/acceptance")

    def message(self, room_id: str, **content: Any) -> httpx.Response:
        return self.send("POST", f"/rooms/{room_id}/messages", json=content)

    def say(self, room_id: str, text: str, **more: Any) -> httpx.Response:
        return self.message(room_id, type="text", text=text, **more)

    def upload_to(self, room_id: str, file: bytes | None = None) -> httpx.Response:
        return self.send("POST", f"/rooms/{room_id}/media", files=form(file))

    def show(self, room_id: str) -> httpx.Response:
        """Send a new photo."""
        return self.message(room_id, type="image", media_id=answer(self.upload_to(room_id), 201)["id"])

    def share(self, room_id: str, post_id: str) -> httpx.Response:
        return self.message(room_id, type="post", post_id=post_id)

    def read(self, room_id: str, message_id: str) -> httpx.Response:
        return self.send("PUT", f"/rooms/{room_id}/read", json={"message_id": message_id})
