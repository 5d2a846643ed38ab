"""Who may ask how often: one look into a count for each request, by the person or by the address."""

import time
from collections.abc import Callable
from http import HTTPStatus

from shared.identity import Identity

from .answers import Refused
from .counts import Counts, Who
from .quotas import Quota
from .routes import NEVER, PICTURE, PROOF, SIGN_UP, Body, Route
from .settings import Settings
from .visit import Visit

WRONG = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)
"""What a service answers to a wrong password."""


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
        if route.counted is PROOF:
            await self._stop_guessing(visit)
        quota, counted = self._quota(visit, route, who)
        now = self._clock()
        count = await self._counts.add(quota, counted, quota.window(now))
        visit.always += quota.told(count, now)
        if count > quota.most:
            raise too_many(quota, now)

    async def note(self, visit: Visit, route: Route) -> None:
        """Look at the answer that was given: a wrong password counts against the address it came from."""
        if route.counted is PROOF and visit.status in WRONG:
            quota = self._quotas.passwords
            await self._counts.add(quota, visit.client.network, quota.window(self._clock()))

    async def _stop_guessing(self, visit: Visit) -> None:
        quota, now = self._quotas.passwords, self._clock()
        count = await self._counts.get(quota, visit.client.network, quota.window(now))
        if count >= quota.most:
            visit.always += quota.told(count, now)
            raise too_many(quota, now)

    def _quota(self, visit: Visit, route: Route, who: Identity | None) -> tuple[Quota, Who]:
        """What this request counts towards: the narrowest that fits."""
        quotas, network = self._quotas, visit.client.network
        if route.counted is SIGN_UP:
            return quotas.signups, network
        if who is None:
            return (quotas.pictures if route.weight is PICTURE else quotas.anonymous), network
        return (quotas.uploads if route.body is Body.UPLOAD else quotas.person), who.subject


def too_many(quota: Quota, now: float) -> Refused:
    """429, worth trying again when the window is over."""
    detail = f"At most {quota.most} such requests in {quota.seconds} seconds."
    return Refused(HTTPStatus.TOO_MANY_REQUESTS, "rate_limited", detail, retry_after=quota.seconds_left(now))
