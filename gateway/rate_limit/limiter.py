"""Limits requests: each counts for the authenticated user, else for the network of the address."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus

from shared.security.verifier import Identity

from ..exchange import Client, Headers
from ..responses import HttpError
from ..routes import LOGIN, MAIL, PICTURE, REAUTHENTICATION, REFRESH, SIGN_UP, UNLIMITED, UPLOAD, Route
from .rate_limits import RateLimit, RateLimits
from .stores import Key, RateLimitStore

WRONG_PASSWORD = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)
"""The status of a response to a wrong password."""

LimitsAndKeys = list[tuple[RateLimit, Key]]
"""The limits that a request counts towards, each with the key that is counted; the narrowest first."""


@dataclass(slots=True)
class Allowed:
    """A request that is within its limits."""

    headers: Headers
    """Headers with the rest of the limit."""
    login_limited_seconds: int | None = None
    """Seconds during which this network may log in only to accounts that know it; None: to all accounts."""


_UNLIMITED = Allowed([])


class RateLimiter:
    """Counts each request before other work, and rejects those above a limit."""

    def __init__(self, rate_limits: RateLimits, store: RateLimitStore, clock: Callable[[], float] = time.time) -> None:
        self._limits = rate_limits
        self._store = store
        self._clock = clock

    async def check(self, route: Route, client: Client, identity: Identity | None) -> Allowed:
        """Count this request. Raises HttpError if it is above a limit."""
        if route.rate_limit is UNLIMITED:
            return _UNLIMITED
        now = self._clock()
        headers: Headers = []
        login_limited_seconds = None
        for limit, key in self._password_limits(route, client, identity):
            count = await self._store.get(limit, key, limit.window(now))
            if count < limit.limit:
                continue
            if route.rate_limit is not LOGIN:
                raise too_many_requests(limit, count, now)
            # Only auth knows whether the account has logged in from this network recently.
            login_limited_seconds = limit.seconds_left(now)
            headers = limit.headers(count, now)
        for limit, key in self._request_limits(route, client, identity):
            count = await self._store.add(limit, key, limit.window(now))
            if count > limit.limit:
                raise too_many_requests(limit, count, now)
            headers = headers or limit.headers(count, now)
        return Allowed(headers, login_limited_seconds)

    async def record_outcome(self, route: Route, client: Client, identity: Identity | None, status: int | None) -> None:
        """Count a wrong password; the status of the response shows it."""
        if status in WRONG_PASSWORD:
            now = self._clock()
            for limit, key in self._password_limits(route, client, identity):
                await self._store.add(limit, key, limit.window(now))

    def _password_limits(self, route: Route, client: Client, identity: Identity | None) -> LimitsAndKeys:
        """The limits of wrong passwords: in a session per user, at the login per network.

        A token sent with a login has no effect, because an attacker gets accounts more easily than addresses.
        """
        if route.rate_limit is LOGIN:
            return _by_network(self._limits.passwords, client)
        if route.rate_limit is REAUTHENTICATION and identity is not None:
            return [(self._limits.passwords, identity.subject)]
        return []

    def _request_limits(self, route: Route, client: Client, identity: Identity | None) -> LimitsAndKeys:
        limits = self._limits
        if route.rate_limit is SIGN_UP:
            return _by_network(limits.signups, client)
        if route.rate_limit is LOGIN:
            return _by_network(limits.logins, client)
        if route.rate_limit is MAIL:
            return _by_network(limits.mails, client)
        if route.rate_limit is REFRESH:
            limit = limits.refreshes
        elif route.traffic_class is PICTURE:
            limit = limits.pictures
        elif route.body is UPLOAD and identity is not None:
            limit = limits.uploads
        else:
            limit = limits.anonymous if identity is None else limits.person
        return [(limit, client.network if identity is None else identity.subject)]


def _by_network(limit: RateLimit, client: Client) -> LimitsAndKeys:
    own: LimitsAndKeys = [(limit, client.network)]
    return own if client.site is None else [*own, (limit.of_site, client.site)]


def too_many_requests(limit: RateLimit, count: int, now: float) -> HttpError:
    """429, with the end of the window in Retry-After."""
    detail = f"At most {limit.limit} such requests in {limit.seconds} seconds."
    return HttpError(
        HTTPStatus.TOO_MANY_REQUESTS,
        "rate_limited",
        detail,
        retry_after=limit.seconds_left(now),
        headers=limit.headers(count, now),
    )
