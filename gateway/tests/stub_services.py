"""Stubs of the four services: one application on four ports, with responses that each test sets."""

import asyncio
import json
import threading
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from gateway.exchange import Receive, Scope, Send
from shared.testing.tokens import FakeTokenIssuer
from shared.testing.waiting import WAIT_SECONDS

NAMES = ("auth", "social", "posts", "dm", "notifications")


@dataclass
class ReceivedRequest:
    """A request as a service received it."""

    upstream: str
    method: str
    target: str
    headers: list[tuple[str, str]]
    body: bytes = b""

    def all(self, name: str) -> list[str]:
        """The values of this header, one for each line."""
        return [value for given, value in self.headers if given == name]

    @property
    def names(self) -> set[str]:
        """The names of all headers."""
        return {name for name, _ in self.headers}


Behaviour = Callable[[ReceivedRequest, Receive, Send], Awaitable[None]]


def saying(*texts: str, code: int | None = None) -> Behaviour:
    """Accept the WebSocket, send these messages, and close with this code, or wait until the gateway closes."""

    async def behave(_asked: ReceivedRequest, receive: Receive, send: Send) -> None:
        await send({"type": "websocket.accept"})
        for text in texts:
            await send({"type": "websocket.send", "text": text})
        if code is not None:
            await send({"type": "websocket.close", "code": code})
        while (await receive())["type"] != "websocket.disconnect":
            pass

    return behave


async def repeating(_asked: ReceivedRequest, receive: Receive, send: Send) -> None:
    """Accept the WebSocket, and send each text back; close with 1008 after "nonsense"."""
    await receive()
    await send({"type": "websocket.accept"})
    while (event := await receive())["type"] != "websocket.disconnect":
        if event["text"] == "nonsense":
            await send({"type": "websocket.close", "code": 1008})
        else:
            await send({"type": "websocket.send", "text": event["text"]})


def listed(session_ids: list[str], user_ids: list[str]) -> dict[str, list[str]]:
    """Revocations in the format of auth."""
    return {"session_ids": session_ids, "user_ids": user_ids}


@dataclass
class StubServices:
    """The responses of the four services, and the requests they received."""

    token_issuer: FakeTokenIssuer = field(default_factory=FakeTokenIssuer)
    asked: list[ReceivedRequest] = field(default_factory=list)
    behaviours: dict[str, Behaviour] = field(default_factory=dict)
    """By path; everything else is echoed."""
    keys_down: bool = False
    not_ready: set[str] = field(default_factory=set)
    revocations: dict[str, list[str]] | None = field(default_factory=lambda: listed([], []))
    ports: dict[int, str] = field(default_factory=dict)
    pulls: list[ReceivedRequest] = field(default_factory=list)
    """How often, and with what credentials, the revocations were asked for."""
    probes: list[ReceivedRequest] = field(default_factory=list)
    handshakes: list[ReceivedRequest] = field(default_factory=list)
    socket: Behaviour = field(default_factory=saying)
    """The response to every WebSocket."""

    def at(self, path: str) -> list[ReceivedRequest]:
        """All requests at this path."""
        return [each for each in self.asked if each.target.partition("?")[0] == path]

    def settings(self) -> dict[str, str]:
        """The gateway settings with their URLs."""
        return {f"{name}_url": f"http://127.0.0.1:{port}" for port, name in self.ports.items()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _live(receive, send)
            return
        if scope["type"] == "websocket":
            self.handshakes.append(_asked_by(scope))
            await self.socket(self.handshakes[-1], receive, send)
            return
        query = f"?{scope['query_string'].decode()}" if scope["query_string"] else ""
        headers = [(name.decode(), value.decode("latin-1")) for name, value in scope["headers"]]
        upstream = self.ports[scope["server"][1]]
        asked = ReceivedRequest(upstream, scope["method"], scope["raw_path"].decode() + query, headers)
        match scope["path"]:
            case "/.well-known/jwks.json":
                await say(send, 500 if self.keys_down else 200, await self.token_issuer.key_set())
            case "/internal/revocations":
                self.pulls.append(asked)
                await say(send, 503 if self.revocations is None else 200, self.revocations)
            case "/readyz":
                self.probes.append(asked)
                await say(send, 503 if upstream in self.not_ready else 200, {})
            case path:
                self.asked.append(asked)
                await self.behaviours.get(path, echo)(asked, receive, send)


def _asked_by(scope: Scope) -> ReceivedRequest:
    headers = [(name.decode(), value.decode("latin-1")) for name, value in scope["headers"]]
    return ReceivedRequest("dm", "GET", f"{scope['path']}?{scope['query_string'].decode()}", headers)


def not_letting_in(status: int) -> Behaviour:
    """Refuse every WebSocket with this response."""

    async def behave(_asked: ReceivedRequest, _receive: Receive, send: Send) -> None:
        await send({"type": "websocket.http.response.start", "status": status, "headers": []})
        await send({"type": "websocket.http.response.body", "body": b""})

    return behave


async def echo(asked: ReceivedRequest, receive: Receive, send: Send) -> None:
    """Read the whole body and respond with 200."""
    asked.body = await whole_body(receive)
    await say(send, 200, {"upstream": asked.upstream, "method": asked.method, "target": asked.target})


def answering(status: int, body: bytes = b"", **headers: str) -> Behaviour:
    """Respond always with this. Underscores in header names stand for hyphens."""

    async def behave(asked: ReceivedRequest, receive: Receive, send: Send) -> None:
        asked.body = await whole_body(receive)
        lines = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
        await start(send, status, *lines, (b"content-length", str(len(body)).encode()))
        await send({"type": "http.response.body", "body": body})

    return behave


async def say(send: Send, status: int, value: object) -> None:
    """Respond with JSON, or with these bytes."""
    body = value if isinstance(value, bytes) else json.dumps(value).encode()
    length = (b"content-length", str(len(body)).encode())
    await start(send, status, (b"content-type", b"application/json"), length)
    await send({"type": "http.response.body", "body": body})


async def start(send: Send, status: int, *headers: tuple[bytes, bytes]) -> None:
    """Send the head of a response."""
    await send({"type": "http.response.start", "status": status, "headers": list(headers)})


async def whole_body(receive: Receive) -> bytes:
    """The body, as far as it was received."""
    body = bytearray()
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            return bytes(body)


async def never(_asked: ReceivedRequest, receive: Receive, _send: Send) -> None:
    """Read the request and never respond."""
    while (await receive())["type"] != "http.disconnect":
        pass


def waiting(arrived: threading.Event, go_on: threading.Event) -> Behaviour:
    """Signal that a request has arrived, and respond when the test allows it."""

    async def behave(_asked: ReceivedRequest, _receive: Receive, send: Send) -> None:
        arrived.set()
        await asyncio.to_thread(go_on.wait, WAIT_SECONDS)
        await say(send, 200, {})

    return behave


async def _live(receive: Receive, send: Send) -> None:
    await receive()
    await send({"type": "lifespan.startup.complete"})
    await receive()
    await send({"type": "lifespan.shutdown.complete"})
