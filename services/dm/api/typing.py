"""That a user is writing: a signal of their client, relayed to the other user's sockets and stored nowhere."""

import asyncio
from contextlib import suppress

from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool

from shared.database.engine import Database
from shared.errors import AppError
from shared.events.bus import Publisher
from shared.websockets.hub import NOT_UNDERSTOOD, CloseReason

from .. import events, queries
from .socket_schemas import SendTyping

PAUSE_SECONDS = 3.0
"""Signals of a socket for one room that come faster are dropped."""
MAX_ROOMS = 20
"""Whose last signal is remembered. More within the pause exceed the number of frames that a client may send."""
PUBLISH_SECONDS = 1.0


class TypingRelay:
    """Relays the signals of one socket."""

    def __init__(self, database: Database, publisher: Publisher, user_id: int) -> None:
        self._database = database
        self._publisher = publisher
        self._user_id = user_id
        self._last: dict[int, float] = {}

    async def take(self, text: str) -> CloseReason | None:
        """Relay a signal. A text that is none closes the socket."""
        try:
            room_id = SendTyping.model_validate_json(text).data.room_id
        except ValidationError:
            return NOT_UNDERSTOOD
        if self._is_due(room_id):
            with suppress(AppError, TimeoutError):  # it is lost: the next one comes soon
                await self._relay(room_id)
        return None

    def _is_due(self, room_id: int) -> bool:
        now = asyncio.get_running_loop().time()
        if now - self._last.get(room_id, -PAUSE_SECONDS) < PAUSE_SECONDS:
            return False
        self._last.pop(room_id, None)
        self._last[room_id] = now
        if len(self._last) > MAX_ROOMS:
            del self._last[next(iter(self._last))]
        return True

    async def _relay(self, room_id: int) -> None:
        peer_id = await run_in_threadpool(self._database.read, queries.open_peer, room_id, self._user_id)
        if peer_id is not None:
            async with asyncio.timeout(PUBLISH_SECONDS):
                await self._publisher.publish([events.room_typing(room_id, self._user_id, peer_id)])
