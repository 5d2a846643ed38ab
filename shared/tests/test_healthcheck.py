"""The health check of the containers, run as they run it."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from socketserver import StreamRequestHandler, TCPServer

import pytest

from shared.server import healthcheck
from shared.testing.ports import closed_port
from shared.testing.waiting import WAIT_SECONDS


def check(port: int) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-IS", Path(healthcheck.__file__)],
        env={"PORT": str(port)},
        capture_output=True,
        text=True,
        timeout=WAIT_SECONDS,
        check=False,
    )


@contextmanager
def responding(status: int) -> Iterator[tuple[int, list[str]]]:
    """A server that responds to everything with this status; its port, and the paths that were requested."""
    paths: list[str] = []

    class Handler(StreamRequestHandler):
        def handle(self) -> None:
            paths.append(self.rfile.readline().split()[1].decode())
            self.wfile.write(b"HTTP/1.1 %d Whatever\r\ncontent-length: 0\r\n\r\n" % status)

    with TCPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_address[1], paths
        finally:
            server.shutdown()
            thread.join(WAIT_SECONDS)


def test_ready_process_is_healthy() -> None:
    with responding(200) as (port, paths):
        assert check(port).returncode == 0
    assert paths == ["/readyz"]


@pytest.mark.parametrize("status", [404, 500, 503])
def test_process_that_is_not_ready_is_unhealthy(status: int) -> None:
    with responding(status) as (port, _):
        done = check(port)
    assert (done.returncode, f" {status} " in done.stderr) == (1, True)


def test_process_that_does_not_listen_is_unhealthy() -> None:
    with closed_port() as port:
        done = check(port)
    assert done.returncode == 1
    assert done.stderr.startswith("not ready: ")
