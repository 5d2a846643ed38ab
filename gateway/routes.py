"""The table of public routes, and the router. What is not in the table is never forwarded."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum

from .pages import ASSETS, FILES, VIEWS


class Access(Enum):
    """Which requests are accepted."""

    PUBLIC = "no token needed; a valid one only decides who is counted, and is not forwarded"
    OPTIONAL = "no token needed; one that is sent must be valid, and is forwarded"
    SIGNED_IN = "a valid token is needed, and is forwarded"


class Body(Enum):
    """The kind of request body."""

    NONE = "nothing"
    JSON = "JSON, read as a whole"
    UPLOAD = "files, streamed"


class TrafficClass(Enum):
    """Which time limit and which bulkhead apply."""

    NORMAL = "a short request"
    HASHING = "the service hashes a password, which is slow on purpose"
    PICTURE = "a picture is sent, which takes as long as the client needs to receive it"
    IMAGE_UPLOAD = "a picture is received and decoded"
    WEBSOCKET = "a WebSocket, open as long as its token is valid"


class RateLimitPolicy(Enum):
    """Which rate limit applies."""

    DEFAULT = "that of the person who is signed in, else of the address; uploads and pictures have their own"
    SIGN_UP = "new accounts from one address"
    LOGIN = "logins from one address; after too many wrong passwords only from networks that the account knows"
    REAUTHENTICATION = "the default; wrong passwords also count towards a separate limit"
    MAIL = "messages that somebody asks for by an address"
    REFRESH = "renewed tokens, apart from the default, so that no other request can end a session"
    UNLIMITED = "none: for probes"


PUBLIC, OPTIONAL, SIGNED_IN = Access
NONE, JSON, UPLOAD = Body
NORMAL, HASHING, PICTURE, IMAGE_UPLOAD, WEBSOCKET = TrafficClass
DEFAULT, SIGN_UP, LOGIN, REAUTHENTICATION, MAIL, REFRESH, UNLIMITED = RateLimitPolicy
LOCAL = "gateway"
"""The upstream of the routes that the gateway serves itself."""


@dataclass(frozen=True, slots=True)
class Route:
    """One row of the table."""

    method: str
    pattern: str
    upstream: str
    access: Access = SIGNED_IN
    body: Body = NONE
    traffic_class: TrafficClass = NORMAL
    rate_limit: RateLimitPolicy = DEFAULT
    is_told_rate_limits: bool = False
    """Whether the service gets all rate limits in the header `RateLimit-Policy`, for clients to read."""


UNMATCHED = Route("", "unknown", "")
"""Stands for the route of a request whose path or method matches none."""

ROUTES = (
    # accounts, sessions, profiles
    Route("POST", "/api/v1/auth/signup", "auth", PUBLIC, JSON, HASHING, SIGN_UP),
    Route("POST", "/api/v1/auth/login", "auth", PUBLIC, JSON, HASHING, LOGIN),
    Route("POST", "/api/v1/auth/refresh", "auth", PUBLIC, JSON, rate_limit=REFRESH),
    Route("POST", "/api/v1/auth/logout", "auth"),
    Route("POST", "/api/v1/auth/email-verification", "auth"),
    Route("POST", "/api/v1/auth/email-verification/confirm", "auth", OPTIONAL, JSON),
    Route("POST", "/api/v1/auth/password-reset", "auth", PUBLIC, JSON, NORMAL, MAIL),
    Route("POST", "/api/v1/auth/password-reset/confirm", "auth", PUBLIC, JSON, HASHING),
    Route("GET", "/api/v1/auth/sessions", "auth"),
    Route("DELETE", "/api/v1/auth/sessions", "auth"),
    Route("DELETE", "/api/v1/auth/sessions/{id}", "auth"),
    Route("GET", "/api/v1/auth/events", "auth"),
    Route("POST", "/api/v1/auth/passkeys/registration", "auth", SIGNED_IN, JSON, HASHING, REAUTHENTICATION),
    Route("POST", "/api/v1/auth/passkeys/registration/verify", "auth", SIGNED_IN, JSON),
    Route("POST", "/api/v1/auth/passkeys/reauthentication", "auth"),
    Route("POST", "/api/v1/auth/passkeys/login", "auth", PUBLIC),
    Route("POST", "/api/v1/auth/passkeys/login/verify", "auth", PUBLIC, JSON, rate_limit=LOGIN),
    Route("GET", "/api/v1/auth/passkeys", "auth"),
    Route("DELETE", "/api/v1/auth/passkeys/{id}", "auth", SIGNED_IN, JSON, HASHING, REAUTHENTICATION),
    Route("GET", "/api/v1/auth/providers", "auth", PUBLIC),
    Route("POST", "/api/v1/auth/providers/{id}/start", "auth", PUBLIC, JSON),
    Route("POST", "/api/v1/auth/providers/{id}/finish", "auth", PUBLIC, JSON, rate_limit=LOGIN),
    Route("POST", "/api/v1/auth/providers/{id}/sign-up", "auth", PUBLIC, JSON, rate_limit=SIGN_UP),
    Route("GET", "/api/v1/users/me/identities", "auth"),
    Route("PUT", "/api/v1/users/me/identities/{provider}", "auth", SIGNED_IN, JSON, HASHING, REAUTHENTICATION),
    Route("DELETE", "/api/v1/users/me/identities/{provider}", "auth"),
    Route("GET", "/api/v1/users", "auth", OPTIONAL),
    Route("GET", "/api/v1/users/me", "auth"),
    Route("PATCH", "/api/v1/users/me", "auth", SIGNED_IN, JSON, HASHING, REAUTHENTICATION),
    Route("PUT", "/api/v1/users/me/avatar", "auth", SIGNED_IN, UPLOAD, IMAGE_UPLOAD),
    Route("DELETE", "/api/v1/users/me/avatar", "auth"),
    Route("POST", "/api/v1/users/me/totp", "auth", SIGNED_IN, JSON, HASHING, REAUTHENTICATION),
    Route("PUT", "/api/v1/users/me/totp", "auth", SIGNED_IN, JSON),
    Route("DELETE", "/api/v1/users/me/totp", "auth", SIGNED_IN, JSON, HASHING, REAUTHENTICATION),
    Route("POST", "/api/v1/users/me/deletion", "auth", SIGNED_IN, JSON, HASHING, REAUTHENTICATION),
    Route("POST", "/api/v1/users/me/export", "auth"),
    Route("GET", "/api/v1/users/me/export", "auth"),
    Route("GET", "/api/v1/exports/{name}", "auth", PUBLIC, NONE, PICTURE),
    Route("GET", "/api/v1/users/by-nickname/{nickname}", "auth", OPTIONAL),
    Route("GET", "/api/v1/users/{id}", "auth", OPTIONAL),
    Route("GET", "/api/v1/avatars/{name}", "auth", PUBLIC, NONE, PICTURE),
    Route("GET", "/.well-known/jwks.json", "auth", PUBLIC),
    # moderation
    Route("GET", "/api/v1/auth/signup", "auth", PUBLIC),
    Route("POST", "/api/v1/moderation/invitations", "auth", SIGNED_IN, JSON),
    Route("GET", "/api/v1/moderation/invitations", "auth"),
    Route("DELETE", "/api/v1/moderation/invitations/{id}", "auth"),
    Route("POST", "/api/v1/reports", "auth", SIGNED_IN, JSON),
    Route("GET", "/api/v1/moderation/reports", "auth"),
    Route("PUT", "/api/v1/moderation/reports/{id}", "auth", SIGNED_IN, JSON),
    Route("GET", "/api/v1/moderation/users", "auth"),
    Route("PUT", "/api/v1/moderation/users/{id}/role", "auth", SIGNED_IN, JSON),
    Route("PUT", "/api/v1/moderation/users/{id}/suspension", "auth", SIGNED_IN, JSON),
    Route("DELETE", "/api/v1/moderation/users/{id}/suspension", "auth"),
    Route("GET", "/api/v1/moderation/log", "auth"),
    # follows, blocks, mutes
    Route("PUT", "/api/v1/users/{id}/follow", "social"),
    Route("DELETE", "/api/v1/users/{id}/follow", "social"),
    Route("DELETE", "/api/v1/users/me/followers/{id}", "social"),
    Route("GET", "/api/v1/users/{id}/followers", "social", OPTIONAL),
    Route("GET", "/api/v1/users/{id}/followers/common", "social"),
    Route("GET", "/api/v1/users/{id}/following", "social", OPTIONAL),
    Route("GET", "/api/v1/users/{id}/counts", "social", OPTIONAL),
    Route("PUT", "/api/v1/users/{id}/block", "social"),
    Route("DELETE", "/api/v1/users/{id}/block", "social"),
    Route("GET", "/api/v1/users/me/blocks", "social"),
    Route("PUT", "/api/v1/users/{id}/mute", "social"),
    Route("DELETE", "/api/v1/users/{id}/mute", "social"),
    Route("GET", "/api/v1/users/me/mutes", "social"),
    Route("GET", "/api/v1/relations", "social"),
    # photos, posts, likes, comments, the feed
    Route("POST", "/api/v1/media", "posts", SIGNED_IN, UPLOAD, IMAGE_UPLOAD),
    Route("GET", "/api/v1/media/{name}", "posts", PUBLIC, NONE, PICTURE),
    Route("PATCH", "/api/v1/media/{name}", "posts", SIGNED_IN, JSON),
    Route("POST", "/api/v1/posts", "posts", SIGNED_IN, JSON),
    Route("GET", "/api/v1/posts", "posts", OPTIONAL),
    Route("GET", "/api/v1/posts/{id}", "posts", OPTIONAL),
    Route("PATCH", "/api/v1/posts/{id}", "posts", SIGNED_IN, JSON),
    Route("DELETE", "/api/v1/posts/{id}", "posts"),
    Route("GET", "/api/v1/users/{id}/posts", "posts", OPTIONAL),
    Route("GET", "/api/v1/feed", "posts"),
    Route("PUT", "/api/v1/posts/{id}/like", "posts"),
    Route("DELETE", "/api/v1/posts/{id}/like", "posts"),
    Route("GET", "/api/v1/posts/{id}/likes", "posts", OPTIONAL),
    Route("PUT", "/api/v1/posts/{id}/save", "posts"),
    Route("DELETE", "/api/v1/posts/{id}/save", "posts"),
    Route("GET", "/api/v1/users/me/saved", "posts"),
    Route("POST", "/api/v1/posts/{id}/comments", "posts", SIGNED_IN, JSON),
    Route("GET", "/api/v1/posts/{id}/comments", "posts", OPTIONAL),
    Route("GET", "/api/v1/comments/{id}/replies", "posts", OPTIONAL),
    Route("PATCH", "/api/v1/comments/{id}", "posts", SIGNED_IN, JSON),
    Route("DELETE", "/api/v1/comments/{id}", "posts"),
    Route("PUT", "/api/v1/comments/{id}/like", "posts"),
    Route("DELETE", "/api/v1/comments/{id}/like", "posts"),
    Route("GET", "/api/v1/comments/{id}/likes", "posts", OPTIONAL),
    Route("GET", "/api/v1/tags", "posts", PUBLIC),
    Route("GET", "/api/v1/tags/{tag}/posts", "posts", OPTIONAL),
    Route("GET", "/api/v1/limits", "posts", PUBLIC, is_told_rate_limits=True),
    # direct messages
    Route("POST", "/api/v1/rooms", "dm", SIGNED_IN, JSON),
    Route("GET", "/api/v1/rooms", "dm"),
    Route("GET", "/api/v1/rooms/{id}", "dm"),
    Route("GET", "/api/v1/rooms/{id}/messages", "dm"),
    Route("POST", "/api/v1/rooms/{id}/messages", "dm", SIGNED_IN, JSON),
    Route("GET", "/api/v1/rooms/{id}/messages/{message_id}", "dm"),
    Route("POST", "/api/v1/rooms/{id}/media", "dm", SIGNED_IN, UPLOAD, IMAGE_UPLOAD),
    Route("GET", "/api/v1/rooms/{id}/media/{media_id}/{rendition}", "dm", PUBLIC, NONE, PICTURE),
    Route("PUT", "/api/v1/rooms/{id}/read", "dm", SIGNED_IN, JSON),
    Route("PUT", "/api/v1/rooms/{id}/acceptance", "dm"),
    Route("DELETE", "/api/v1/rooms/{id}/acceptance", "dm"),
    Route("PUT", "/api/v1/rooms/{id}/mute", "dm"),
    Route("DELETE", "/api/v1/rooms/{id}/mute", "dm"),
    Route("PUT", "/api/v1/rooms/{id}/hidden", "dm"),
    Route("GET", "/api/v1/messages", "dm"),
    Route("GET", "/api/v1/users/me/message-settings", "dm"),
    Route("PUT", "/api/v1/users/me/message-settings", "dm", SIGNED_IN, JSON),
    Route("GET", "/api/v1/ws", "dm", SIGNED_IN, NONE, WEBSOCKET),
    # notifications
    Route("GET", "/api/v1/notifications", "notifications"),
    Route("GET", "/api/v1/notifications/unread", "notifications"),
    Route("PUT", "/api/v1/notifications/read", "notifications", SIGNED_IN, JSON),
    Route("GET", "/api/v1/users/me/notification-settings", "notifications"),
    Route("PUT", "/api/v1/users/me/notification-settings", "notifications", SIGNED_IN, JSON),
    Route("GET", "/api/v1/push/key", "notifications", PUBLIC),
    Route("POST", "/api/v1/push/subscriptions", "notifications", SIGNED_IN, JSON),
    Route("DELETE", "/api/v1/push/subscriptions/{id}", "notifications"),
    # served by the gateway
    Route("GET", "/healthz", LOCAL, PUBLIC, rate_limit=UNLIMITED),
    Route("GET", "/readyz", LOCAL, PUBLIC, rate_limit=UNLIMITED),
    Route("GET", "/docs", LOCAL, PUBLIC),
    Route("GET", "/docs/{file}", LOCAL, PUBLIC),
    Route("GET", "/openapi.json", LOCAL, PUBLIC),
    Route("GET", "/asyncapi.json", LOCAL, PUBLIC),
    # the web client
    *(Route("GET", pattern, LOCAL, PUBLIC) for pattern in VIEWS),
    Route("GET", ASSETS, LOCAL, PUBLIC, NONE, PICTURE),
    *(Route("GET", path, LOCAL, PUBLIC, NONE, PICTURE) for path in FILES),
)


@dataclass(slots=True)
class RouteNode:
    """A node of the routing tree: the routes of one path, and the paths below it."""

    routes: dict[str, Route] = field(default_factory=dict)
    literals: dict[str, "RouteNode"] = field(default_factory=dict)
    wildcard: "RouteNode | None" = None

    @property
    def methods(self) -> tuple[str, ...]:
        """The methods of this path."""
        return (*self.routes, "OPTIONS")

    def child(self, segment: str) -> "RouteNode":
        """The node of the next segment of a pattern; created if need be."""
        if not segment.startswith("{"):
            return self.literals.setdefault(_literal(segment), RouteNode())
        self.wildcard = self.wildcard or RouteNode()
        return self.wildcard


class Router:
    """Finds the node of a path: one dictionary lookup for each segment, for any number of routes."""

    def __init__(self, routes: Iterable[Route] = ROUTES) -> None:
        self._root = RouteNode()
        for route in routes:
            node = self._node(route.pattern)
            node.routes[route.method] = route
            if route.method == "GET":
                node.routes["HEAD"] = route

    def match(self, path: str) -> RouteNode | None:
        """The node of this decoded path, if it has routes. A literal segment goes before a wildcard."""
        node: RouteNode | None = self._root
        for segment in path[1:].split("/") if path != "/" else ():
            if node is None or not segment:
                return None
            node = node.literals.get(_literal(segment)) or node.wildcard
        return node if node is not None and node.routes else None

    def _node(self, pattern: str) -> RouteNode:
        node = self._root
        for segment in pattern[1:].split("/") if pattern != "/" else ():
            node = node.child(segment)
        return node


def _literal(segment: str) -> str:
    """All nicknames (`@ada`, or `@{nickname}` in a pattern) share one node."""
    return "@" if segment.startswith("@") else segment
