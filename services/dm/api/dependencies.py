"""What the routes of dm work with, wired once in app.py."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, TypeVar, cast

from fastapi import Depends, Request
from starlette.concurrency import run_in_threadpool

from shared.database.engine import Database
from shared.files.storage import Storage
from shared.idempotency import Idempotency
from shared.images import Darkroom
from shared.web.fast_path import Plainly
from shared.websockets.hub import OpenSockets

from .. import queries
from ..actions import people
from ..actions.withdrawals import WITHDRAWAL
from ..clients import Auth, Posts
from ..signed_urls import UrlSigner

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Dependencies:
    """Everything that a route may need."""

    database: Database
    idempotency: Idempotency
    auth: Auth
    posts: Posts
    url_signer: UrlSigner
    storage: Storage
    darkroom: Darkroom
    sockets: OpenSockets

    async def with_known_users(self, work: Callable[[], T]) -> T:
        """Do it in a thread. Whoever turns out to be a stranger is asked from auth, and it is done again.

        Raises NotFound where auth does not know them either, Unavailable where auth is away.
        """
        try:
            return await run_in_threadpool(work)
        except queries.UnknownUsers as strangers:
            for person_id in strangers.ids:
                await self._fetch_user(person_id)
        return await run_in_threadpool(work)

    async def _fetch_user(self, person_id: int) -> None:
        found = await self.auth.person(person_id)
        if found is None:
            raise queries.user_not_found()
        if found.deleted:
            await run_in_threadpool(self.database.write, WITHDRAWAL.request, person_id)
            return
        person = people.Person(person_id, found.nickname or "", found.name or "", found.avatar_url, found.version)
        await run_in_threadpool(self.database.write, people.keep, person)


async def _dependencies(request: Request) -> Dependencies:
    return cast("Dependencies", request.app.state.dependencies)


Deps = Annotated[Dependencies, Depends(_dependencies), Plainly(_dependencies)]
"""This service's parts."""
