"""A valid body for each route with JSON, and many ways to make it invalid."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from .contract import Operation
from .person import API, Person

JSON_HEADERS = {"Content-Type": "application/json"}
Body = dict[str, Any]
ATTESTATION = {"id": "aWQ", "type": "public-key", "response": {"clientDataJSON": "e30", "attestationObject": "oA"}}
ASSERTION = {
    "id": "aWQ",
    "type": "public-key",
    "response": {"clientDataJSON": "e30", "authenticatorData": "AA", "signature": "AA"},
}
"""Of the right shape; no authenticator has made them."""
PUSH_KEYS = {
    "p256dh": "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
    "auth": "BTBZMqHH6r4Tts7J_aSIgg",
}
"""Those of RFC 8291."""


@dataclass
class Scene:
    """A user whose resources the invalid requests refer to, and must not change."""

    person: Person
    peer: Person
    post: str
    comment: str
    room: str
    message: str
    photo: str
    session: str
    seen: list[Any] = field(default_factory=list)
    """How everything looked when it was last looked at."""

    def path(self, operation: Operation) -> str:
        """The path of the operation with ids of existing resources."""
        return self.filled(operation.template, lambda real: real)

    def filled(self, template: str, change: Callable[[str], str]) -> str:
        """The path, with each id transformed."""
        path = template
        for before, real in self._ids().items():
            path = path.replace(f"/{before}/{{}}", f"/{before}/{change(real)}")
        return path.replace("{}", change("nothing"))

    def _ids(self) -> dict[str, str]:
        return {
            "users/by-nickname": self.person.nickname,
            "users": self.peer.id,
            "users/me/followers": self.peer.id,
            "posts": self.post,
            "media": self.photo,
            "comments": self.comment,
            "rooms": self.room,
            "moderation/invitations": self.post,
            "moderation/reports": self.post,  # no request gets as far as to ask for it
            "auth/sessions": self.session,
            "auth/providers": "nobody",
            "users/me/identities": "nobody",
            "push/subscriptions": self.session,  # the same
            "auth/passkeys": self.session,  # no request gets as far as to ask for it
        }

    def body(self, operation: Operation) -> Body | None:
        """A valid body for this operation, or None if the tests have none."""
        make = {f"{method} {API}{path}": body for method, path, body in self._bodies()}.get(
            f"{operation.method} {operation.template}"
        )
        return make() if make else None

    def _bodies(self) -> Iterator[tuple[str, str, Callable[[], Body]]]:
        person = self.person
        password = {"current_password": person.password}
        yield "POST", "/auth/signup", lambda: Person(person.web).details()
        yield "POST", "/auth/login", lambda: {"identifier": person.nickname, "password": person.password}
        yield "POST", "/auth/refresh", lambda: {"refresh_token": person.refresh_token}
        yield "POST", "/auth/passkeys/registration", lambda: dict(password)
        yield "POST", "/auth/passkeys/registration/verify", lambda: {"name": "changed", "passkey": ATTESTATION}
        yield "POST", "/auth/passkeys/login/verify", lambda: {"passkey": ASSERTION}
        yield "DELETE", "/auth/passkeys/{}", lambda: dict(password)
        yield "POST", "/auth/providers/{}/start", lambda: {"redirect_uri": "http://localhost/login/nobody"}
        yield "POST", "/auth/providers/{}/finish", lambda: {"code": "made up", "state": "made up"}
        yield "POST", "/auth/providers/{}/sign-up", lambda: {"continuation": "a", "nickname": "newcomer", "name": "Jo"}
        yield "PUT", "/users/me/identities/{}", lambda: password | {"continuation": "made up"}
        yield "POST", "/auth/email-verification/confirm", lambda: {"token": "made up"}
        yield "POST", "/auth/password-reset", lambda: {"email": "nobody@example.org"}
        yield "POST", "/auth/password-reset/confirm", lambda: {"token": "made up", "new_password": "six happy otters"}
        yield "PATCH", "/users/me", lambda: password | {"bio": "changed"}
        yield "POST", "/users/me/totp", lambda: dict(password)
        yield "PUT", "/users/me/totp", lambda: {"code": "492039"}
        yield "DELETE", "/users/me/totp", lambda: dict(password)
        yield "POST", "/users/me/deletion", lambda: dict(password)
        yield "POST", "/reports", lambda: {"subject": {"kind": "post", "id": self.post}, "reason": "spam"}
        yield "PUT", "/moderation/reports/{}", lambda: {"state": "taken"}
        yield "POST", "/moderation/invitations", lambda: {"uses": 1, "days": 1}
        yield "PUT", "/moderation/users/{}/role", lambda: {"role": "member"}
        yield "PUT", "/moderation/users/{}/suspension", lambda: {"reason": "spam"}
        yield "POST", "/posts", lambda: {"media_ids": [self.photo], "caption": "changed"}
        yield "PATCH", "/media/{}", lambda: {"alt": "changed"}
        yield "PATCH", "/posts/{}", lambda: {"caption": "changed"}
        yield "POST", "/posts/{}/comments", lambda: {"text": "changed"}
        yield "PATCH", "/comments/{}", lambda: {"text": "changed"}
        yield "POST", "/rooms", lambda: {"user_id": self.peer.id}
        yield "POST", "/rooms/{}/messages", lambda: {"type": "text", "text": "changed"}
        yield "PUT", "/users/me/message-settings", lambda: {"from": "nobody"}
        yield "PUT", "/rooms/{}/read", lambda: {"message_id": self.message}
        yield "PUT", "/notifications/read", lambda: {"up_to": self.message}
        yield "PUT", "/users/me/notification-settings", lambda: {"like": {"list": False, "push": False}}
        yield "POST", "/push/subscriptions", lambda: {"endpoint": "https://push.example.com/a", "keys": PUSH_KEYS}

    def state(self) -> list[Any]:
        """Everything that the invalid requests might have changed."""
        person = self.person
        looks = [
            person.send("GET", path)
            for path in (
                "/users/me",
                f"/users/{person.id}/posts?limit=100",
                f"/posts/{self.post}/comments?limit=100",
                f"/rooms/{self.room}",
                f"/rooms/{self.room}/messages?limit=100",
                f"/users/{self.peer.id}/counts",
                "/users/me/notification-settings",
            )
        ]
        assert [look.status_code for look in looks] == [200] * len(looks), [look.text for look in looks]
        return [look.json() for look in looks]


def written(body: Any) -> bytes:
    return json.dumps(body).encode()


def with_raw_field(body: Body, name: str, raw: bytes) -> bytes:
    """The body with one field replaced by these bytes."""
    others = {key: value for key, value in body.items() if key != name}
    start = written(others)[:-1]
    return start + (b", " if others else b"") + json.dumps(name).encode() + b": " + raw + b"}"


NOT_JSON = {
    "empty": b"",
    "cut short": b'{"text": "',
    "two values": b"{} {}",
    "a comma too many": b'{"text": "x",}',
    "single quotes": b"{'text': 'x'}",
    "a comment": b'{"text": "x" /* why */}',
    "NaN": b'{"text": NaN}',
    "infinity": b'{"text": Infinity}',
    "not UTF-8": b'{"text": "\xff\xfe"}',
    "Latin-1": '{"text": "é"}'.encode("latin-1"),
    "UTF-16": '{"text": "x"}'.encode("utf-16"),
    "a raw lone surrogate": b'{"text": "\xed\xa0\x80"}',
    "a byte order mark alone": b"\xef\xbb\xbf",
    "10,000 lists deep": b'{"text": ' + b"[" * 10_000 + b"]" * 10_000 + b"}",
    "10,000 objects deep": b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
    "10,000 lists, never closed": b"[" * 10_000,
    "text": b"hello",
    "HTML": b"<html></html>",
    "zeros": b"\0" * 100,
    "a raw line break in a text": b'{"text": "a\nb"}',
}
OTHER_SHAPES = {
    "a list": b"[]",
    "a list of objects": b"[{}]",
    "a text": b'"text"',
    "a number": b"1",
    "null": b"null",
    "true": b"true",
    "a list of pairs": b'[["text", "x"]]',
}
WRONG_TYPES = {
    "an object": b'{"a": "b"}',
    "a list in a list": b'[["a"]]',
    "a number": b"7",
    "a fraction": b"1.5",
    "a huge number": b"1" + b"0" * 400,
    "true": b"true",
    "a list of numbers": b"[1, 2]",
    "a list of nulls": b"[null]",
}
BAD_TEXTS = {
    "NUL": b'"a\\u0000b"',
    "a lone high surrogate": b'"a\\ud800b"',
    "a lone low surrogate": b'"a\\udc00b"',
    "surrogates the wrong way round": b'"\\udc00\\ud800"',
    "a raw NUL": b'"a\0b"',
    "raw bytes that are not UTF-8": b'"a\xc3\x28b"',
    "a raw lone surrogate": b'"a\xed\xa0\x80b"',
    "30,000 characters": b'"' + b"a" * 30_000 + b'"',
    "1 MB": b'"' + b"a" * 1_000_000 + b'"',
}
