"""Sessions and accounts that ended before their access tokens expired.

The gateway learns of them in three ways: by events, by a poll of auth, and by headers of auth's own responses.
"""

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
_REVOKED_HEADERS = REVOKED_SESSIONS_HEADER.encode(), REVOKED_USER_HEADER.encode()
EVENTS = ("session.revoked.v1", "user.deleted.v1")
RETRY_SECONDS = 0.5
MAX_IDS = 200_000
"""Of sessions and of accounts. Far more than end within the lifetime of a token; above it the oldest are dropped."""
log = structlog.get_logger()


class SessionRevoked(BaseModel):
    """A session has ended."""

    session_id: Id


class UserDeleted(BaseModel):
    """An account was deleted."""

    user_id: Id


class _ExpiringSet:
    """Ids, each kept until every older token has expired."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._until: dict[int, float] = {}
        self.on_new: Callable[[int], None] = _ignore

    def __contains__(self, id_: int) -> bool:
        return id_ in self._until

    def add(self, id_: int) -> None:
        if id_ not in self._until:
            self._until[id_] = time.monotonic() + self._seconds
            self.on_new(id_)

    def delete_expired(self) -> None:
        # In place, entry by entry: ids are added from other threads meanwhile.
        now = time.monotonic()
        kept = list(self._until.items())
        excess = len(kept) - MAX_IDS
        if excess > 0:
            log.error("more revocations than are kept", excess=excess)
        for position, (id_, until) in enumerate(kept):
            if until <= now or position < excess:
                self._until.pop(id_, None)


class Revocations:
    """The sessions and accounts whose tokens are rejected."""

    def __init__(self, auth: ServiceClient, lifetime: int) -> None:
        self._auth = auth
        self._sessions = _ExpiringSet(lifetime + LEEWAY_SECONDS)
        self._accounts = _ExpiringSet(lifetime + LEEWAY_SECONDS)
        self.loaded = False
        """Whether auth has answered once; until then no token is accepted."""

    def revoked(self, subject: int, login: int) -> bool:
        """Whether this session or this account has ended."""
        return login in self._sessions or subject in self._accounts

    def on_revoked(self, session_ended: Callable[[int], None], subject_ended: Callable[[int], None]) -> None:
        """Call these for each new revocation, from any thread, after tokens are rejected."""
        self._sessions.on_new = session_ended
        self._accounts.on_new = subject_ended

    def apply_headers(self, headers: Mapping[bytes, bytes]) -> None:
        """Add the revocations in the headers of a response of auth, before the client gets the response."""
        sessions, user = (headers.get(name, b"").decode() for name in _REVOKED_HEADERS)
        self._note(sessions.split(), user.split())

    def listen(self, bus: Bus, name: str) -> None:
        """Subscribe to the events, which arrive at once if this process has the bus."""
        bus.subscribe_ephemeral(name, EVENTS, self.handle)

    def handle(self, event: Event) -> None:
        """Handle one event."""
        if event.type == "session.revoked":
            self._sessions.add(SessionRevoked.model_validate(event.data).session_id)
        else:
            self._accounts.add(UserDeleted.model_validate(event.data).user_id)

    async def pull(self) -> bool:
        """Fetch all revocations of unexpired tokens from auth; a step of a worker."""
        try:
            revoked = await self._auth.get(PATH)
        except errors.Unavailable:
            revoked = None
        if revoked is None:
            if not self.loaded:
                await asyncio.sleep(RETRY_SECONDS)
            return not self.loaded
        self._take(revoked["session_ids"], revoked["user_ids"])
        return False

    def _take(self, logins: Iterable[str], people: Iterable[str]) -> None:
        self._note(logins, people)
        self._sessions.delete_expired()
        self._accounts.delete_expired()
        self.loaded = True

    def _note(self, logins: Iterable[str], people: Iterable[str]) -> None:
        for each in logins:
            self._sessions.add(ids.parse(each))
        for each in people:
            self._accounts.add(ids.parse(each))


def _ignore(_id: int) -> None:
    """Before `on_revoked` was called."""
