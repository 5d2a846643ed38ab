"""uvicorn's upgrade to a WebSocket (RFC 6455), strictly checked, and its protocol for clients that mostly listen."""

import re
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame

from shared.websockets.compact_queue import CompactQueue

PATH_SUFFIX = b"/ws"
"""WebSockets are at paths with this suffix; an upgrade elsewhere is ignored."""
MAX_HEADERS = 100
MAX_LINE_BYTES = 8_000
"""Of a header line. The websockets library closes the connection without a response at 8,192."""
LINGER_SECONDS = 5.0
"""How long sending the last bytes of a closing connection may take."""
MAX_FRAMES = 20
"""From a client in one window: texts, pings and pongs together."""
WINDOW_SECONDS = 10.0
NOT_UTF_8 = 1007
POLICY_VIOLATION = 1008
PING_TIMEOUT = 1011

Headers = list[tuple[bytes, bytes]]
_KEY = re.compile(rb"[A-Za-z0-9+/]{21}[AQgw]==")
_TOKEN = rb"[A-Za-z0-9!#$%&'*+.^_`|~-]+"
_TOKENS = re.compile(rb"%b(?:[ \t]*,[ \t]*%b)*" % (_TOKEN, _TOKEN))
_ONCE = (b"host", b"upgrade", b"connection", b"sec-websocket-key", b"sec-websocket-version")
_AT_MOST_ONCE = (b"origin", b"sec-websocket-protocol")
_BODY = (b"content-length", b"transfer-encoding")


class StrictUpgradeProtocol(HttpToolsProtocol):
    """Upgrades only for a valid handshake.

    Any other request for an upgrade is answered as an ordinary request, and the connection is closed: the parser has
    not looked for a body, so the following bytes could be taken for another request.
    """

    def on_headers_complete(self) -> None:
        """The head is complete."""
        super().on_headers_complete()
        if self.parser.should_upgrade() and not self._should_upgrade():
            self.cycle.keep_alive = False

    def _should_upgrade(self) -> bool:
        plain = self.scope["http_version"] == "1.1" and self.scope["method"] == "GET"
        return plain and super()._should_upgrade() and is_handshake(self.url, self.headers)

    def _unsupported_upgrade_warning(self) -> None:
        """Logs nothing: clients could fill the log."""


class BoundedWebSocketProtocol(WebSocketsSansIOProtocol):
    """Pings are answered and short texts passed to the application, up to a limit.

    A client that sends more, or anything else, is disconnected.

    A client that does not read cannot keep a closing connection open.
    """

    # With more than 30 attributes in its dictionary, an instance takes 1.3 kB more (CPython's limit of shared keys).
    __slots__ = (
        "close_timeout",
        "counting_since",
        "curr_msg_data_type",
        "frames",
        "frames_in_window",
        "last_ping_rtt",
        "pending_ping_payload",
        "ping_sent_at",
        "ping_timer",
        "pong_timer",
        "read_paused",
        "writable",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.frames_in_window = 0
        self.counting_since = 0.0
        self.queue = CompactQueue()  # type: ignore[assignment] # has the methods of a queue that are called

    def data_received(self, data: bytes) -> None:
        """The first data is the whole handshake; nothing may follow before it is answered."""
        if self.handshake_initiated and not self.handshake_complete:
            self.transport.abort()
            return
        super().data_received(data)
        if not self.handshake_initiated:
            self.transport.close()

    def handle_text(self, event: Frame) -> None:
        """The application decides what a text means. It is in one frame, so it needs no memory beyond the frame's."""
        if not event.fin:
            self._cut_off("texts may not be fragmented")
        elif not _is_utf_8(event.data):
            self._cut_off("not UTF-8", NOT_UTF_8)
        elif self._is_patient():
            super().handle_text(event)

    def handle_bytes(self, event: Frame) -> None:  # noqa: ARG002 - the content does not matter
        """Clients may send nothing else."""
        self._cut_off("clients may send only texts")

    handle_cont = handle_bytes

    def handle_ping(self) -> None:
        """Answered by the library, unless they come too fast."""
        if self._is_patient():
            super().handle_ping()

    def handle_pong(self, event: Frame) -> None:
        """A response to our ping, or an unsolicited pong."""
        if self._is_patient():
            super().handle_pong(event)

    def _is_patient(self) -> bool:
        now = self.loop.time()
        if now - self.counting_since > WINDOW_SECONDS:
            self.counting_since, self.frames_in_window = now, 0
        self.frames_in_window += 1
        if self.frames_in_window > MAX_FRAMES:
            self._cut_off("too many frames")
        return self.frames_in_window <= MAX_FRAMES

    def _cut_off(self, reason: str, code: int = POLICY_VIOLATION) -> None:
        if not self.close_sent:
            self.conn.fail(code, reason)
            self.handle_parser_exception()

    def keepalive_timeout(self) -> None:
        """The client no longer responds: unread data is dropped."""
        super().keepalive_timeout()
        self.queue.put_nowait({"type": "websocket.disconnect", "code": PING_TIMEOUT})
        self._end_soon()

    def shutdown(self) -> None:
        """The process stops: send a close frame, and do not wait for clients that do not read."""
        super().shutdown()
        self._end_soon()

    def on_task_complete(self, task: Any) -> None:
        """The application has finished with this connection."""
        super().on_task_complete(task)
        self._end_soon()

    def _end_soon(self) -> None:
        self.loop.call_later(LINGER_SECONDS, self.transport.abort)

    async def send(self, message: Any) -> None:
        """A close frame does not wait for room in the buffer: it is small and the last."""
        if self.close_sent:
            raise ClientDisconnected
        if message["type"] == "websocket.close":
            self.writable.set()
        await super().send(message)
        self.handshake_complete |= self.close_sent  # a rejected handshake is complete as well
        if message["type"] == "websocket.accept":
            self._forget_headers()

    def _forget_headers(self) -> None:
        """Nothing reads them after the handshake; they take 6 kB."""
        self.request.headers.clear()
        self.response.headers.clear()
        cast("Headers", self.scope["headers"]).clear()


def _is_utf_8(data: bytes | bytearray | memoryview) -> bool:
    try:
        bytes(data).decode()
    except UnicodeDecodeError:
        return False
    return True


def is_handshake(url: bytes, headers: Headers) -> bool:
    """Whether a GET with these headers is a valid handshake at a WebSocket path (RFC 6455, section 4.2.1)."""
    names = [name for name, _ in headers]
    given = dict(headers)
    lines = max(len(name) + len(value) for name, value in [(b"", url), *headers])
    return (
        url.partition(b"?")[0].endswith(PATH_SUFFIX)
        and lines <= MAX_LINE_BYTES
        and len(headers) <= MAX_HEADERS
        and all(names.count(name) == 1 for name in _ONCE)
        and all(names.count(name) <= 1 for name in _AT_MOST_ONCE)
        and not any(name in given for name in _BODY)
        and _KEY.fullmatch(given[b"sec-websocket-key"]) is not None
        and given[b"sec-websocket-version"] == b"13"
        and _TOKENS.fullmatch(given[b"connection"]) is not None
        and _TOKENS.fullmatch(given.get(b"sec-websocket-protocol", b"none")) is not None
    )
