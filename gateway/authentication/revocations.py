"""Which logins and people have ended before their access tokens did: heard from the bus, and asked of auth."""

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping

import structlog
from pydantic import BaseModel

from shared import errors, ids
from shared.events.bus import Bus
from shared.events.envelope import Event
from shared.ids import Id
from shared.security.access_tokens import REVOKED_SESSIONS_HEADER, REVOKED_USER_HEADER
from shared.security.service_calls import ServiceClient
from shared.security.verifier import LEEWAY_SECONDS

PATH = "/internal/revocations"
EVENTS = ("session.revoked.v1", "user.deleted.v1")
RETRY_SECONDS = 0.5
MOST = 200_000
"""Of each kind. Far more than end within the lifetime of a token; past it the oldest are let go."""
log = structlog.get_logger()


class SessionRevoked(BaseModel):
    """A login has ended."""

    session_id: Id


class UserDeleted(BaseModel):
    """A person has withdrawn."""

    user_id: Id


class _ExpiringSet:
    """Ids, each kept until no token of before can be valid any more."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._until: dict[int, float] = {}
        self.on_new: Callable[[int], None] = _tell_nobody

    def __contains__(self, id_: int) -> bool:
        return id_ in self._until

    def add(self, id_: int) -> None:
        if id_ not in self._until:
            self._until[id_] = time.monotonic() + self._seconds
            self.on_new(id_)

    def forget_old(self) -> None:
        # In place, entry by entry: facts are added from other threads meanwhile.
        now = time.monotonic()
        kept = list(self._until.items())
        excess = len(kept) - MOST
        if excess > 0:
            log.error("more revocations than are kept", excess=excess)
        for position, (id_, until) in enumerate(kept):
            if until <= now or position < excess:
                self._until.pop(id_, None)


class Revocations:
    """Whether what a valid token speaks for has ended meanwhile."""

    def __init__(self, auth: ServiceClient, lifetime: int) -> None:
        self._auth = auth
        self._logins = _ExpiringSet(lifetime + LEEWAY_SECONDS)
        self._people = _ExpiringSet(lifetime + LEEWAY_SECONDS)
        self.loaded = False
        """Whether auth was asked at least once; until then nobody can be let in."""

    def revoked(self, subject: int, login: int) -> bool:
        """Whether this login or this person has ended."""
        return login in self._logins or subject in self._people

    def tell(self, login_ended: Callable[[int], None], subject_ended: Callable[[int], None]) -> None:
        """Let these hear of each end, from whatever thread it comes, after it counts for tokens."""
        self._logins.on_new = login_ended
        self._people.on_new = subject_ended

    def note(self, headers: Mapping[str, str]) -> None:
        """Take from auth's own answer what the request has ended, before whoever asked learns that it has."""
        self._note(headers.get(REVOKED_SESSIONS_HEADER, "").split(), headers.get(REVOKED_USER_HEADER, "").split())

    def listen(self, bus: Bus, name: str) -> None:
        """Hear of revocations at once where the bus reaches us."""
        bus.subscribe_ephemeral(name, EVENTS, self.hear)

    def hear(self, event: Event) -> None:
        """Take in one fact."""
        if event.type == "session.revoked":
            self._logins.add(SessionRevoked.model_validate(event.data).session_id)
        else:
            self._people.add(UserDeleted.model_validate(event.data).user_id)

    async def pull(self) -> bool:
        """Ask auth for all that still count; a step of a worker."""
        try:
            found = await self._auth.get(PATH)
        except errors.Unavailable:
            found = None
        if found is None:
            if not self.loaded:
                await asyncio.sleep(RETRY_SECONDS)
            return not self.loaded
        self._take(found["session_ids"], found["user_ids"])
        return False

    def _take(self, logins: Iterable[str], people: Iterable[str]) -> None:
        self._note(logins, people)
        self._logins.forget_old()
        self._people.forget_old()
        self.loaded = True

    def _note(self, logins: Iterable[str], people: Iterable[str]) -> None:
        for each in logins:
            self._logins.add(ids.parse(each))
        for each in people:
            self._people.add(ids.parse(each))


def _tell_nobody(_id: int) -> None:
    """Nothing is open that would have to end."""
