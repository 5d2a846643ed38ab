"""Who may ask how often: one look into a count for each request, by the person or by the address."""

import time
from collections.abc import Callable
from http import HTTPStatus

from shared.security.verifier import Identity

from ..exchange import Client, Exchange, Headers
from ..responses import HttpError
from ..routes import LOGIN, PICTURE, REAUTHENTICATION, REFRESH, SIGN_UP, UNLIMITED, UPLOAD, Route
from ..settings import Settings
from .rate_limits import RateLimit
from .stores import RateLimitStore, Who

WRONG = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)
"""What a service answers to a wrong password."""

Counted = list[tuple[RateLimit, Who]]
"""The limits towards which something counts, and whose count it is in each; the narrowest first."""


class RateLimiter:
    """Counts every request that a service will have to answer, and refuses those that are too many."""

    def __init__(self, settings: Settings, counts: RateLimitStore, clock: Callable[[], float] = time.time) -> None:
        self._limits = settings.rate_limits
        self._counts = counts
        self._clock = clock

    async def count(self, exchange: Exchange, route: Route, who: Identity | None) -> None:
        """One more of this kind. Raises HttpError where it is one too many."""
        if route.rate_limit is UNLIMITED:
            return
        now = self._clock()
        headers: Headers = []
        for quota, counted in self._proofs(exchange, route, who):
            known = await self._counts.get(quota, counted, quota.window(now))
            if known < quota.most:
                continue
            if route.rate_limit is not LOGIN:
                raise _refusal(exchange, quota, known, now)
            # Whether the account was logged in from this network lately is known to auth alone.
            exchange.login_limited_seconds = quota.seconds_left(now)
            headers = quota.told(known, now)
        for quota, counted in self._requests(exchange, route, who):
            count = await self._counts.add(quota, counted, quota.window(now))
            if count > quota.most:
                raise _refusal(exchange, quota, count, now)
            headers = headers or quota.told(count, now)
        exchange.response_headers += headers

    async def note(self, exchange: Exchange, route: Route, who: Identity | None) -> None:
        """Look at the answer that was given: a wrong password counts against whoever gave it."""
        if exchange.status in WRONG:
            now = self._clock()
            for quota, counted in self._proofs(exchange, route, who):
                await self._counts.add(quota, counted, quota.window(now))

    def _proofs(self, exchange: Exchange, route: Route, who: Identity | None) -> Counted:
        """The limits of wrong passwords.

        In a session they are those of its person. At the login they are those of the address; a token that is sent
        along does not matter: accounts are cheaper than addresses.
        """
        if route.rate_limit is LOGIN:
            return _by_address(self._limits.passwords, exchange.client)
        if route.rate_limit is REAUTHENTICATION and who is not None:
            return [(self._limits.passwords, who.subject)]
        return []

    def _requests(self, exchange: Exchange, route: Route, who: Identity | None) -> Counted:
        """The limits of requests: the narrowest that fits, and for new accounts that of the site."""
        rate_limits = self._limits
        if route.rate_limit is SIGN_UP:
            return _by_address(rate_limits.signups, exchange.client)
        if route.rate_limit is LOGIN:
            return _by_address(rate_limits.logins, exchange.client)
        if route.rate_limit is REFRESH:
            quota = rate_limits.refreshes
        elif route.traffic_class is PICTURE:
            quota = rate_limits.pictures
        elif route.body is UPLOAD and who is not None:
            quota = rate_limits.uploads
        else:
            quota = rate_limits.anonymous if who is None else rate_limits.person
        return [(quota, exchange.client.network if who is None else who.subject)]


def _by_address(quota: RateLimit, client: Client) -> Counted:
    own: Counted = [(quota, client.network)]
    return own if client.site is None else [*own, (quota.of_site, client.site)]


def _refusal(exchange: Exchange, quota: RateLimit, count: int, now: float) -> HttpError:
    exchange.response_headers += quota.told(count, now)
    return too_many(quota, now)


def too_many(quota: RateLimit, now: float) -> HttpError:
    """429, worth trying again when the window is over."""
    detail = f"At most {quota.most} such requests in {quota.seconds} seconds."
    return HttpError(HTTPStatus.TOO_MANY_REQUESTS, "rate_limited", detail, retry_after=quota.seconds_left(now))
