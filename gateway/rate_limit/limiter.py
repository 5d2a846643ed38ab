"""Who may ask how often: one look into a count for each request, by the person or by the address."""

import time
from collections.abc import Callable
from http import HTTPStatus

from shared.security.verifier import Identity

from ..exchange import Client, Headers, Visit
from ..responses import Refused
from ..routes import LOGIN, NEVER, PICTURE, PROOF, REFRESH, SIGN_UP, UPLOAD, Route
from ..settings import Settings
from .rate_limits import Quota
from .stores import Counts, Who

WRONG = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)
"""What a service answers to a wrong password."""

Counted = list[tuple[Quota, Who]]
"""The limits towards which something counts, and whose count it is in each; the narrowest first."""


class Rates:
    """Counts every request that a service will have to answer, and refuses those that are too many."""

    def __init__(self, settings: Settings, counts: Counts, clock: Callable[[], float] = time.time) -> None:
        self._quotas = settings.quotas
        self._counts = counts
        self._clock = clock

    async def count(self, visit: Visit, route: Route, who: Identity | None) -> None:
        """One more of this kind. Raises Refused where it is one too many."""
        if route.counted is NEVER:
            return
        now = self._clock()
        headers: Headers = []
        for quota, counted in self._proofs(visit, route, who):
            known = await self._counts.get(quota, counted, quota.window(now))
            if known < quota.most:
                continue
            if route.counted is not LOGIN:
                raise _refusal(visit, quota, known, now)
            # Whether the account was logged in from this network lately is known to auth alone.
            visit.login_limited_seconds = quota.seconds_left(now)
            headers = quota.told(known, now)
        for quota, counted in self._requests(visit, route, who):
            count = await self._counts.add(quota, counted, quota.window(now))
            if count > quota.most:
                raise _refusal(visit, quota, count, now)
            headers = headers or quota.told(count, now)
        visit.always += headers

    async def note(self, visit: Visit, route: Route, who: Identity | None) -> None:
        """Look at the answer that was given: a wrong password counts against whoever gave it."""
        if visit.status in WRONG:
            now = self._clock()
            for quota, counted in self._proofs(visit, route, who):
                await self._counts.add(quota, counted, quota.window(now))

    def _proofs(self, visit: Visit, route: Route, who: Identity | None) -> Counted:
        """The limits of wrong passwords.

        In a session they are those of its person. At the login they are those of the address; a token that is sent
        along does not matter: accounts are cheaper than addresses.
        """
        if route.counted is LOGIN:
            return _by_address(self._quotas.passwords, visit.client)
        if route.counted is PROOF and who is not None:
            return [(self._quotas.passwords, who.subject)]
        return []

    def _requests(self, visit: Visit, route: Route, who: Identity | None) -> Counted:
        """The limits of requests: the narrowest that fits, and for new accounts that of the site."""
        quotas = self._quotas
        if route.counted is SIGN_UP:
            return _by_address(quotas.signups, visit.client)
        if route.counted is LOGIN:
            return _by_address(quotas.logins, visit.client)
        if route.counted is REFRESH:
            quota = quotas.refreshes
        elif route.weight is PICTURE:
            quota = quotas.pictures
        elif route.body is UPLOAD and who is not None:
            quota = quotas.uploads
        else:
            quota = quotas.anonymous if who is None else quotas.person
        return [(quota, visit.client.network if who is None else who.subject)]


def _by_address(quota: Quota, client: Client) -> Counted:
    own: Counted = [(quota, client.network)]
    return own if client.site is None else [*own, (quota.of_site, client.site)]


def _refusal(visit: Visit, quota: Quota, count: int, now: float) -> Refused:
    visit.always += quota.told(count, now)
    return too_many(quota, now)


def too_many(quota: Quota, now: float) -> Refused:
    """429, worth trying again when the window is over."""
    detail = f"At most {quota.most} such requests in {quota.seconds} seconds."
    return Refused(HTTPStatus.TOO_MANY_REQUESTS, "rate_limited", detail, retry_after=quota.seconds_left(now))
