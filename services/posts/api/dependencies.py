"""What the routes of posts work with, wired once in app.py."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, TypeVar, cast

from fastapi import Depends, Request
from starlette.concurrency import run_in_threadpool

from shared.database.engine import Database
from shared.files.storage import Storage
from shared.idempotency import Idempotency
from shared.images import Darkroom
from shared.security.verifier import Identity
from shared.web.fast_path import Plainly

from ..actions import people
from ..actions.withdrawals import WITHDRAWAL
from ..clients import Auth
from ..queries.people import UnknownUser

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Dependencies:
    """Everything that a route may need."""

    database: Database
    storage: Storage
    darkroom: Darkroom
    idempotency: Idempotency
    auth: Auth

    async def with_known_users(self, work: Callable[[], T]) -> T:
        """Do it in a thread. Somebody who turns out to be a stranger is asked from auth, and it is done again.

        Raises the stranger's refusal where auth does not know them either, Unavailable where auth is away.
        """
        try:
            return await run_in_threadpool(work)
        except UnknownUser as stranger:
            await self._fetch_user(stranger)
        return await run_in_threadpool(work)

    async def _fetch_user(self, stranger: UnknownUser) -> None:
        found = await self.auth.person(stranger.id)
        if found is None:
            raise stranger.otherwise
        if found.deleted:
            await run_in_threadpool(self.database.write, WITHDRAWAL.request, stranger.id)
            return
        names = found.nickname or "", found.name or "", found.avatar_url
        person = people.Person(stranger.id, *names, found.version)
        await run_in_threadpool(self.database.write, people.keep, person)


def viewer(identity: Identity | None) -> int | None:
    """Who looks, if anybody."""
    return None if identity is None else identity.subject


async def _dependencies(request: Request) -> Dependencies:
    return cast("Dependencies", request.app.state.dependencies)


Deps = Annotated[Dependencies, Depends(_dependencies), Plainly(_dependencies)]
"""This service's parts."""
