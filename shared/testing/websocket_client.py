"""A WebSocket client for tests."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from shared.testing.waiting import WAIT_SECONDS


class Listener:
    """An open WebSocket and the messages received on it."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection

    def next(self) -> Any:
        """The next message."""
        return json.loads(self.connection.recv(timeout=WAIT_SECONDS))

    def closed(self) -> int:
        """The close code; messages before it are ignored."""
        try:
            while True:
                self.connection.recv(timeout=WAIT_SECONDS)
        except ConnectionClosed as end:
            return end.rcvd.code if end.rcvd is not None else 1006


@contextmanager
def listening(url: str, token: str | None = None, **options: Any) -> Iterator[Listener]:
    """A WebSocket at this HTTP URL during the block. Raises the errors of `websockets` if it is refused.

    Not for HTTPS: the client reads and writes in two threads, and OpenSSL does not allow that for one connection.
    """
    headers = {} if token is None else {"authorization": f"Bearer {token}"}
    address = url.replace("http://", "ws://", 1)
    with connect(
        address,
        additional_headers=headers | options.pop("headers", {}),
        compression=None,
        proxy=None,
        open_timeout=WAIT_SECONDS,
        **options,
    ) as connection:
        yield Listener(connection)


def refused_handshake(url: str, **options: Any) -> tuple[int, str]:
    """The status and the problem code of a refused handshake."""
    with pytest.raises(InvalidStatus) as refused, listening(url, **options):
        pass
    answer = refused.value.response
    assert answer.headers["content-type"] == "application/problem+json"
    problem = json.loads(answer.body or b"")
    assert problem["request_id"] == answer.headers["x-request-id"]
    return answer.status_code, problem["code"]
