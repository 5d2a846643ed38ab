"""The open WebSockets of this process: registration, limits, delivery and closing."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from shared import clock, errors, metrics
from shared.security.verifier import Identity

from .compact_queue import CompactQueue

MAX_QUEUED_TEXTS = 100
"""Queued for a slow client before it is disconnected."""
SEND_SECONDS = 10.0
"""How long sending one text may take."""
CLOSE_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class CloseReason:
    """A close code (RFC 6455, section 7.4; own codes are 4000 plus an HTTP status), and its reason."""

    code: int
    reason: str


TOKEN_EXPIRED = CloseReason(4401, "the access token has expired or was revoked")
TOO_SLOW = CloseReason(4408, "read too slowly")
RESTARTED = CloseReason(1012, "restarting, please reconnect")
UPSTREAM_LOST = CloseReason(1013, "connection to the service lost, please reconnect")
CLIENT_LEFT = CloseReason(1006, "the client has disconnected")
NOT_UNDERSTOOD = CloseReason(1008, "clients may not send this")
CLOSE_REASONS = {each.code: each for each in (TOKEN_EXPIRED, TOO_SLOW, RESTARTED, NOT_UNDERSTOOD)}
"""The reasons that the gateway forwards from a service to the client."""
_KNOWN_CODES = frozenset({1000, 1001, 1005, 1006, 1008, 1009, 1011, 1012, 1013, 4401, 4408})
_Event = Any
Receive = Callable[[], Awaitable[_Event]]
Send = Callable[[_Event], Awaitable[None]]
NextMessage = Callable[[], Awaitable[str | None]]
"""Waits for the next text to send; None when there will be no more."""
TakeText = Callable[[str], Awaitable[CloseReason | None]]
"""Handles a text of the client; returns why the socket has to be closed for it, if it has to."""


class Socket:
    """One open WebSocket: its queue of texts, and the reason why it is closed."""

    def __init__(self, who: Identity) -> None:
        self.who = who
        self.ended: asyncio.Future[CloseReason] = asyncio.get_running_loop().create_future()
        self._waiting = CompactQueue[str]()

    def enqueue(self, text: str) -> None:
        """Queue a text. A client whose queue is full is disconnected."""
        if len(self._waiting) < MAX_QUEUED_TEXTS:
            self._waiting.put_nowait(text)
        else:
            self.end(TOO_SLOW)

    async def next(self) -> str | None:
        """The oldest queued text."""
        return await self._waiting.get()

    def end(self, ending: CloseReason) -> None:
        """Close it. The first reason counts."""
        if not self.ended.done():
            self.ended.set_result(ending)


class Hub:
    """The WebSockets of one service. `register` and `serve` run in the event loop; other methods in any thread."""

    def __init__(self, service: str, most: int, most_each: int) -> None:
        self._service = service
        self._most = most
        self._most_each = most_each
        self._of_subject: dict[int, set[Socket]] = defaultdict(set)
        self._of_session: dict[int, set[Socket]] = defaultdict(set)
        self._loop: asyncio.AbstractEventLoop | None = None
        self.count = 0

    def register(self, who: Identity) -> Socket:
        """A new socket, registered until `serve` or `unregister`. Raises TooManyRequests or Unavailable at a limit."""
        if self.count >= self._most:
            raise errors.Unavailable("sockets_exhausted", "This process cannot hold more connections.", retry_after=5)
        if len(self._of_subject.get(who.subject, ())) >= self._most_each:
            detail = f"At most {self._most_each} connections of one user can be open."
            raise errors.TooManyRequests("too_many_sockets", detail, retry_after=5)
        self._loop = asyncio.get_running_loop()
        socket = Socket(who)
        self._of_subject[who.subject].add(socket)
        self._of_session[who.session_id].add(socket)
        self.count += 1
        metrics.SOCKETS.labels(self._service).inc()
        return socket

    def unregister(self, socket: Socket) -> None:
        """Forget a socket."""
        for index, key in ((self._of_subject, socket.who.subject), (self._of_session, socket.who.session_id)):
            index[key].discard(socket)
            if not index[key]:
                del index[key]
        self.count -= 1
        metrics.SOCKETS.labels(self._service).dec()

    def has_listeners(self, *subjects: int) -> bool:
        """Whether any of these users has an open socket in this process."""
        return any(subject in self._of_subject for subject in subjects)

    def send_to(self, subjects: Iterable[int], text: str) -> None:
        """Send a text to every open socket of these users."""
        self._soon(self._deliver, tuple(subjects), text)

    def end_session(self, session_id: int) -> None:
        """Close the sockets of this session, whose tokens are revoked."""
        self._soon(self._end, self._of_session, session_id)

    def end_subject(self, subject: int) -> None:
        """Close all sockets of this user, whose tokens are revoked."""
        self._soon(self._end, self._of_subject, subject)

    def drain(self, seconds: float) -> None:
        """Close the open sockets one by one within this time, so that their clients do not all return at once."""
        if self._loop is None:
            return
        sockets = [socket for each in self._of_subject.values() for socket in each]
        for number, socket in enumerate(sockets):
            self._loop.call_later(seconds * number / len(sockets), socket.end, RESTARTED)

    def _soon(self, function: Callable[..., None], *args: Any) -> None:
        if self._loop is not None:
            with suppress(RuntimeError):  # the loop has just closed, with all sockets
                self._loop.call_soon_threadsafe(function, *args)

    def _deliver(self, subjects: tuple[int, ...], text: str) -> None:
        for subject in subjects:
            for socket in self._of_subject.get(subject, ()):
                socket.enqueue(text)

    def _end(self, index: dict[int, set[Socket]], key: int) -> None:
        for socket in index.get(key, ()):
            socket.end(TOKEN_EXPIRED)

    async def serve(
        self, socket: Socket, receive: Receive, send: Send, next_message: NextMessage, take_text: TakeText
    ) -> None:
        """Send and take texts on an accepted socket until it is closed, its token expires or the client disconnects.

        Unregisters it.
        """
        sending = asyncio.create_task(_send_texts(socket, send, next_message))
        receiving = asyncio.create_task(_take_texts(socket, receive, take_text))
        ends: set[asyncio.Future[Any]] = {sending, receiving, socket.ended}
        try:
            left = max(0.0, socket.who.expires_at - clock.now() / clock.SECOND)
            await asyncio.wait(ends, timeout=left, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self.unregister(socket)
            sending.cancel()
            receiving.cancel()
            await asyncio.gather(sending, receiving, return_exceptions=True)
        if not receiving.cancelled():
            code = receiving.result()
        else:
            ending = _ending(socket, sending)
            code = ending.code
            await _close(send, ending)
        metrics.SOCKETS_CLOSED.labels(self._service, code if code in _KNOWN_CODES else "other").inc()


async def _send_texts(socket: Socket, send: Send, next_message: NextMessage) -> None:
    while (text := await next_message()) is not None:
        try:
            async with asyncio.timeout(SEND_SECONDS):
                await send({"type": "websocket.send", "text": text})
        except TimeoutError:
            socket.end(TOO_SLOW)
            return


async def _take_texts(socket: Socket, receive: Receive, take_text: TakeText) -> int:
    """Take texts, one after another, until the client disconnects. Returns its close code."""
    while (event := await receive())["type"] != "websocket.disconnect":
        ending = await take_text(event["text"])
        if ending is not None:
            socket.end(ending)
    code: int = event.get("code", CLIENT_LEFT.code)
    return code


def _ending(socket: Socket, sending: "asyncio.Task[None]") -> CloseReason:
    if socket.ended.done():
        return socket.ended.result()
    if sending.cancelled():
        return TOKEN_EXPIRED
    with suppress(OSError):
        sending.result()  # raises an error that is not a lost connection
    return CLIENT_LEFT


async def _close(send: Send, ending: CloseReason) -> None:
    if ending is CLIENT_LEFT:
        return
    with suppress(OSError, TimeoutError):  # the client has disconnected or does not read
        async with asyncio.timeout(CLOSE_SECONDS):
            await send({"type": "websocket.close", "code": ending.code, "reason": ending.reason})
