"""Somebody who listens on a WebSocket, as a client library does it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from shared.testing.waiting import WAIT_SECONDS


class Listener:
    """An open WebSocket and what is said on it."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection

    def next(self) -> Any:
        """What is said next."""
        return json.loads(self.connection.recv(timeout=WAIT_SECONDS))

    def closed(self) -> int:
        """The code with which it is closed, whatever is said before."""
        try:
            while True:
                self.connection.recv(timeout=WAIT_SECONDS)
        except ConnectionClosed as end:
            return end.rcvd.code if end.rcvd is not None else 1006


@contextmanager
def listening(url: str, token: str | None = None, **options: Any) -> Iterator[Listener]:
    """Listen at this address of HTTP as long as the block lasts; raises what `websockets` raises where refused."""
    headers = {} if token is None else {"authorization": f"Bearer {token}"}
    address = url.replace("http", "ws", 1)
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
    """The status and the code of the problem with which it is refused."""
    with pytest.raises(InvalidStatus) as refused, listening(url, **options):
        pass
    answer = refused.value.response
    assert answer.headers["content-type"] == "application/problem+json"
    problem = json.loads(answer.body or b"")
    assert problem["request_id"] == answer.headers["x-request-id"]
    return answer.status_code, problem["code"]
