"""Sends a request and closes the connection before the response."""

import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

STUCK_DECODER = [sys.executable, "-c", "import signal; signal.pause()"]
"""A command for a worker of a ImageProcessor: takes an upload and never answers."""


@contextmanager
def aborted_request(client: httpx.Client, method: str, path: str, **options: Any) -> Iterator[None]:
    """Sends the request; at the end of the block its connection is closed."""
    request = client.build_request(method, path, **options)
    content = request.read()
    head = [f"{method} {request.url.raw_path.decode()} HTTP/1.1"]
    head += [f"{name}: {value}" for name, value in request.headers.items()]
    with socket.create_connection((request.url.host, request.url.port), 10) as connection:
        connection.sendall("\r\n".join([*head, "", ""]).encode() + content)
        yield
