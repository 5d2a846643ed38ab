"""The client of a service in the same process: calls its ASGI application, without a connection and without HTTP."""

import asyncio
from collections.abc import AsyncIterable, AsyncIterator
from typing import Any
from urllib.parse import unquote

import structlog

from shared.http_client.client import Origin
from shared.http_client.response import InvalidResponse, Response, ResponseStream, ServiceUnreachable, State, wake
from shared.server.config import Server

from ..exchange import Headers, Scope
from .client import Client

log = structlog.get_logger()


class AsgiClient(Client):
    """Sends requests to the application of a server that has started in this event loop; WebSockets use loopback."""

    def __init__(self, server: Server, origin: Origin, address: str, connect_seconds: float) -> None:
        super().__init__(origin, address, connect_seconds)
        self._server = server
        self._requests = set[_Request]()

    async def request(
        self, method: str, target: bytes, headers: Headers, body: bytes | AsyncIterable[bytes] | None = None
    ) -> Response:
        """See `Client`. The method is not HEAD."""
        path, _, query = target.partition(b"?")
        address = (self._address, self._origin.port)
        scope: Scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": method,
            "scheme": self._origin.scheme,
            "path": unquote(path.decode("ascii")),
            "raw_path": path,
            "query_string": query,
            "root_path": "",
            "headers": [(b"host", self._origin.authority), *headers],
            "client": address,
            "server": address,
        }
        request = _Request(body)
        self._requests.add(request)
        task = self._server.start_request(scope, request.receive, request.send)
        task.add_done_callback(request.ended)
        task.add_done_callback(lambda _: self._requests.discard(request))
        return await request.response()

    def close(self) -> None:
        """See `Client`."""
        super().close()
        for request in list(self._requests):
            request.abort()


class _Request(ResponseStream):
    """One request, as the application sees it, and its response."""

    def __init__(self, body: bytes | AsyncIterable[bytes] | None) -> None:
        super().__init__()
        self._body = b"" if body is None else body
        self._parts: AsyncIterator[bytes] | None = None
        self._part: asyncio.Task[bytes | None] | None = None
        """Reads the next part of an upload."""
        self._is_received = False
        """Whether the application has received the whole body."""
        self._closed: asyncio.Future[None] = self._loop.create_future()
        """The end of the response, or the notice that nobody reads it."""
        self._drained: asyncio.Future[None] | None = None
        """Waits for the reader of the response."""

    # What the client does

    async def response(self) -> Response:
        """Wait for the head. Raises ServiceUnreachable or InvalidResponse."""
        return await self._received(self._expect())

    def release(self) -> None:
        """See `Response`."""
        self.close()

    def close(self) -> None:
        """The application is told, as it is when a connection is closed, and goes on."""
        wake(self._closed)
        wake(self._drained)
        if self._part is not None:
            self._part.cancel()

    def abort(self) -> None:
        """Close it: whoever waits for its response fails."""
        self._fail(ServiceUnreachable("The client was closed."))

    def ended(self, task: asyncio.Task[None]) -> None:
        """Called when the application returns."""
        error = None if task.cancelled() else task.exception()
        if error is not None:
            log.error("application failed", exc_info=error)
        if self._state is not State.RECEIVED:
            self._fail(InvalidResponse("The response ended too early."))

    # What the application does

    async def receive(self) -> dict[str, Any]:
        """The `receive` of ASGI."""
        if not self._is_received and not self._closed.done():
            if isinstance(self._body, bytes):
                self._is_received = True
                return {"type": "http.request", "body": self._body, "more_body": False}
            return await self._receive_part(self._body)
        await asyncio.wait((self._closed,))
        return {"type": "http.disconnect"}

    async def send(self, message: dict[str, Any]) -> None:
        """The `send` of ASGI."""
        if self._closed.done():
            return
        if message["type"] == "http.response.start":
            self._start(message["status"], [(name.lower(), value) for name, value in message.get("headers", ())])
            return
        if body := message.get("body"):
            self._add(body)
        if not message.get("more_body"):
            self._end()
            wake(self._closed)
        elif self._drained is not None:
            await asyncio.wait((self._drained,))

    async def _receive_part(self, body: AsyncIterable[bytes]) -> dict[str, Any]:
        # `_part` outlives a cancelled `receive`: nothing that was read gets lost.
        if self._part is None:
            self._parts = self._parts or aiter(body)
            self._part = self._loop.create_task(_next(self._parts))
        await asyncio.wait((self._part, self._closed), return_when=asyncio.FIRST_COMPLETED)
        if self._closed.done():
            return {"type": "http.disconnect"}
        try:
            part, self._part = self._part.result(), None
        except Exception as error:  # the body keeps the reason
            self._fail(InvalidResponse(f"The request was not sent completely: {error!r}"))
            return {"type": "http.disconnect"}
        self._is_received = part is None
        return {"type": "http.request", "body": part or b"", "more_body": part is not None}

    def _pause(self) -> None:
        self._drained = self._drained or self._loop.create_future()

    def _resume(self) -> None:
        wake(self._drained)
        self._drained = None


async def _next(parts: AsyncIterator[bytes]) -> bytes | None:
    """None at the end."""
    return await anext(parts, None)
