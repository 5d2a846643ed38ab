"""What the routes of social work with, wired once in app.py."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, TypeVar, cast

from fastapi import Depends, Request
from starlette.concurrency import run_in_threadpool

from shared.database.engine import Database
from shared.web.plain import Plainly

from .. import queries
from ..actions import people
from ..actions.withdrawals import WITHDRAWAL
from ..clients import Auth

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Parts:
    """Everything that a route may need."""

    database: Database
    auth: Auth
    following_limit: int

    async def knowing_people(self, work: Callable[[], T]) -> T:
        """Do it in a thread. Whoever turns out to be a stranger is asked from auth, and it is done again.

        Raises NotFound where auth does not know them either, Unavailable where auth is away.
        """
        try:
            return await run_in_threadpool(work)
        except queries.Strangers as strangers:
            for person_id in strangers.ids:
                await self._meet(person_id)
        return await run_in_threadpool(work)

    async def _meet(self, person_id: int) -> None:
        found = await self.auth.person(person_id)
        if found is None:
            raise queries.nobody()
        if found.deleted:
            await run_in_threadpool(self.database.write, WITHDRAWAL.request, person_id)
            return
        person = people.Person(person_id, found.nickname or "", found.name or "", found.avatar_url, found.version)
        await run_in_threadpool(self.database.write, people.keep, person)


async def _parts(request: Request) -> Parts:
    return cast("Parts", request.app.state.parts)


Here = Annotated[Parts, Depends(_parts), Plainly(_parts)]
"""This service's parts."""
