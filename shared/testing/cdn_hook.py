"""A stand-in for the purge hook of a CDN."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any


class CdnHook(ThreadingHTTPServer):
    """Takes what is posted to it, and responds with `status`."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.status = 204
        self.requests: list[tuple[list[str], str | None]] = []
        """The URLs and the Authorization header of each request, in order."""

    @property
    def url(self) -> str:
        """The CDN_PURGE_URL."""
        return f"http://127.0.0.1:{self.server_port}/purge"

    @property
    def posted(self) -> list[list[str]]:
        """The URLs of each request."""
        return [urls for urls, _ in tuple(self.requests)]

    @property
    def authorizations(self) -> list[str | None]:
        """The Authorization header of each request."""
        return [header for _, header in tuple(self.requests)]

    @property
    def purged(self) -> set[str]:
        """All URLs of requests that were accepted or refused."""
        return {url for urls in self.posted for url in urls}


class _Handler(BaseHTTPRequestHandler):
    server: CdnHook

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.server.requests.append((body["files"], self.headers["authorization"]))
        self.send_response(self.server.status)
        self.send_header("location", "http://127.0.0.1:9/")
        self.end_headers()

    def log_request(self, *_: Any) -> None:
        pass


@contextmanager
def cdn_hook() -> Iterator[CdnHook]:
    """A running one."""
    with CdnHook() as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()
