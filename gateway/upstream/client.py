"""The client of one address of a service: HTTP, with connections that are kept between requests, and WebSockets."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any
from weakref import WeakSet

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidMessage, InvalidStatus, WebSocketException

from shared.http_client.client import Client as HttpClient
from shared.http_client.client import Origin
from shared.http_client.response import InvalidResponse, ServiceUnreachable

from ..exchange import Headers

MAX_MESSAGE_BYTES = 256 * 1024
"""Of one message of a WebSocket; the largest one of a service has a tenth of it."""
MAX_QUEUED_MESSAGES = 16
HEARTBEAT_SECONDS = 20.0
CLOSE_SECONDS = 1.0
"""How long a service may take to answer the close of a WebSocket."""


class Client(HttpClient):
    """Its connections are bounded by the bulkheads of its users."""

    def __init__(self, origin: Origin, address: str, connect_seconds: float) -> None:
        super().__init__(origin, address, connect_seconds)
        self._websockets = WeakSet[_WebSocket]()

    async def open_websocket(self, path: str, headers: Headers) -> ClientConnection:
        """Open a WebSocket, which has to be closed.

        Raises InvalidStatus where the service rejects it, ServiceUnreachable, or InvalidResponse.
        """
        scheme = "wss" if self._tls else "ws"
        line = await self._connect()
        try:
            with _upstream_errors():
                websocket = await connect(
                    f"{scheme}://{self._origin.authority.decode()}{path}",
                    sock=line,
                    ssl=self._tls,
                    create_connection=partial(_WebSocket, self._websockets),  # type: ignore[arg-type] # any callable will do
                    additional_headers=[(name.decode(), value.decode()) for name, value in headers],
                    user_agent_header=None,
                    compression=None,
                    proxy=None,
                    open_timeout=None,
                    ping_interval=HEARTBEAT_SECONDS,
                    ping_timeout=HEARTBEAT_SECONDS,
                    close_timeout=CLOSE_SECONDS,
                    max_size=MAX_MESSAGE_BYTES,
                    max_queue=MAX_QUEUED_MESSAGES,
                )
                for message in (websocket.request, websocket.response):
                    if message is not None:
                        message.headers.clear()  # nothing reads them, and they take 5 kB
                return websocket
        except BaseException:
            line.close()
            raise

    def close(self) -> None:
        """Close all connections: whoever waits for a response there fails."""
        super().close()
        for websocket in list(self._websockets):
            websocket.transport.abort()


class _WebSocket(ClientConnection):
    """Registered before its handshake, so that it can be closed while it waits for the response."""

    def __init__(self, opened: WeakSet["_WebSocket"], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        opened.add(self)


@contextmanager
def _upstream_errors() -> Iterator[None]:
    try:
        yield
    except InvalidStatus:
        raise
    except OSError as error:
        raise ServiceUnreachable(repr(error)) from error
    except (WebSocketException, ValueError) as error:  # the last for a redirect
        lost = isinstance(error, InvalidMessage) and isinstance(error.__cause__, EOFError)
        raise (ServiceUnreachable if lost else InvalidResponse)(repr(error)) from error
