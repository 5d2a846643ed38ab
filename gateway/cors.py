"""Which web pages may call from a browser: those of the configured origins, by exact comparison."""

from collections.abc import Iterable
from http import HTTPStatus

from .answers import Refused
from .routes import Place
from .visit import Headers, Visit

_VARY = (b"vary", b"origin")
_READABLE = (
    b"access-control-expose-headers",
    b"link, location, ratelimit, ratelimit-policy, retry-after, www-authenticate, x-ratelimit-limit,"
    b" x-ratelimit-remaining, x-ratelimit-reset, x-request-id",
)
_SENDABLE = (
    b"access-control-allow-headers",
    b"accept, authorization, content-type, idempotency-key, x-request-id",
)
_REMEMBER = (b"access-control-max-age", b"600")


class Cors:
    """Adds what browsers look for."""

    def __init__(self, origins: Iterable[str]) -> None:
        self._origins = frozenset(origin.encode() for origin in origins)

    def admit(self, visit: Visit) -> None:
        """Let the page that sent this read the answer, if its origin is one of ours."""
        if not self._origins:
            return
        visit.always.append(_VARY)
        if self._admits(visit):
            visit.always += [(b"access-control-allow-origin", visit.given[b"origin"]), _READABLE]

    def insist(self, visit: Visit) -> None:
        """Raises Refused for a page of an origin that is not ours: browsers ask nobody before a WebSocket."""
        if b"origin" in visit.given and not self._admits(visit):
            detail = "Pages of this origin may not call here."
            raise Refused(HTTPStatus.FORBIDDEN, "origin_not_allowed", detail)

    def preflight(self, visit: Visit, place: Place) -> Headers:
        """What the page that asks may do at this place."""
        if b"access-control-request-method" not in visit.given or not self._admits(visit):
            return []
        methods = ", ".join(place.routes).encode()
        return [(b"access-control-allow-methods", methods), _SENDABLE, _REMEMBER]

    def _admits(self, visit: Visit) -> bool:
        return visit.given.get(b"origin") in self._origins
