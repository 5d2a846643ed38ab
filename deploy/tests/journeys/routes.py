"""Every route of the public interface, with the data that a journey needs to call some of them."""

import re
from dataclasses import dataclass

from .person import API


@dataclass(frozen=True)
class Route:
    """A method and a path template below the API's base path."""

    method: str
    path: str
    public: bool = False

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def template(self) -> str:
        """The whole path with unnamed parameters: names of parameters are not part of the interface."""
        return nameless(f"{API}{self.path}")


def nameless(path: str) -> str:
    return re.sub(r"\{[^}]*\}", "{}", path)


def listed(lines: str, *, public: bool) -> list[Route]:
    """The routes of a list with a method and a path on each line."""
    pairs = (line.split() for line in lines.strip().splitlines())
    return [Route(method, path, public) for method, path in pairs]


PUBLIC = listed(
    """
    POST /auth/signup
    GET /auth/signup
    POST /auth/login
    POST /auth/refresh
    GET /users
    GET /users/{id}
    GET /users/by-nickname/{nickname}
    GET /users/{id}/followers
    GET /users/{id}/following
    GET /users/{id}/counts
    GET /posts
    GET /posts/{id}
    GET /users/{id}/posts
    GET /posts/{id}/likes
    GET /posts/{id}/comments
    GET /comments/{id}/replies
    GET /comments/{id}/likes
    GET /tags
    GET /tags/{tag}/posts
    GET /limits
    GET /push/key
    """,
    public=True,
)
OWN = listed(
    """
    POST /auth/logout
    GET /auth/sessions
    DELETE /auth/sessions/{id}
    GET /users/me
    PATCH /users/me
    PUT /users/me/avatar
    DELETE /users/me/avatar
    POST /users/me/deletion
    POST /moderation/invitations
    GET /moderation/invitations
    DELETE /moderation/invitations/{id}
    POST /reports
    GET /moderation/reports
    PUT /moderation/reports/{id}
    GET /moderation/users
    PUT /moderation/users/{id}/role
    PUT /moderation/users/{id}/suspension
    DELETE /moderation/users/{id}/suspension
    GET /moderation/log
    PUT /users/{id}/follow
    DELETE /users/{id}/follow
    DELETE /users/me/followers/{id}
    GET /users/{id}/followers/common
    PUT /users/{id}/block
    DELETE /users/{id}/block
    GET /users/me/blocks
    PUT /users/{id}/mute
    DELETE /users/{id}/mute
    GET /users/me/mutes
    GET /relations
    POST /media
    POST /posts
    PATCH /posts/{id}
    DELETE /posts/{id}
    GET /feed
    PUT /posts/{id}/like
    DELETE /posts/{id}/like
    PUT /posts/{id}/save
    DELETE /posts/{id}/save
    GET /users/me/saved
    POST /posts/{id}/comments
    PATCH /comments/{id}
    DELETE /comments/{id}
    PUT /comments/{id}/like
    DELETE /comments/{id}/like
    POST /rooms
    GET /rooms
    GET /rooms/{id}
    GET /rooms/{id}/messages
    POST /rooms/{id}/messages
    POST /rooms/{id}/media
    PUT /rooms/{id}/read
    PUT /rooms/{id}/acceptance
    DELETE /rooms/{id}/acceptance
    PUT /rooms/{id}/mute
    DELETE /rooms/{id}/mute
    PUT /rooms/{id}/hidden
    GET /messages
    GET /notifications
    GET /notifications/unread
    PUT /notifications/read
    GET /users/me/notification-settings
    PUT /users/me/notification-settings
    POST /push/subscriptions
    DELETE /push/subscriptions/{id}
    GET /users/me/message-settings
    PUT /users/me/message-settings
    GET /ws
    """,
    public=False,
)
AT_THE_ROOT = ["/healthz", "/readyz", "/docs", "/openapi.json", "/asyncapi.json", "/.well-known/jwks.json"]
"""Public GET routes outside the base path."""
EVERY = [*PUBLIC, *OWN]
