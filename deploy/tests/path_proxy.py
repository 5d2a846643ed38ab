"""A reverse proxy that serves an instance below a path prefix and removes it, as nginx does in docs/gateway.md."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from socketserver import StreamRequestHandler, ThreadingTCPServer
from urllib.parse import urlsplit

PREFIX = "/shutter"
CHUNK_BYTES = 65_536
NOT_FOUND = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class _Server(ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: object, client_address: object) -> None:
        """Browsers drop connections at any time."""


def _end(*connections: socket.socket) -> None:
    for each in connections:
        with suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)


@contextmanager
def below_path(base_url: str) -> Iterator[str]:
    """The address at which the instance is served below PREFIX.

    Each connection carries one request, so that only the head of it has to be parsed. A WebSocket keeps its connection.
    """
    upstream = urlsplit(base_url)

    class Handler(StreamRequestHandler):
        def handle(self) -> None:
            head = self._head()
            method, _, target = head[0].partition(b" ") if head else (b"", b"", b"")
            if not target.startswith(f"{PREFIX}/".encode()):
                self.wfile.write(NOT_FOUND)
                return
            is_upgrade = any(line.lower().startswith(b"upgrade:") for line in head)
            kept = [line for line in head[1:] if is_upgrade or not line.lower().startswith(b"connection:")]
            first = method + b" " + target.removeprefix(PREFIX.encode())
            lines = [first, *kept] if is_upgrade else [first, *kept, b"Connection: close"]
            with socket.create_connection((upstream.hostname or "", upstream.port or 80)) as there:
                there.sendall(b"\r\n".join(lines) + b"\r\n\r\n")
                sending = threading.Thread(target=self._send_to, args=(there,), daemon=True)
                sending.start()
                try:
                    while data := there.recv(CHUNK_BYTES):
                        self.wfile.write(data)
                finally:
                    _end(self.connection, there)  # and so what the other thread waits for
                    sending.join()

        def _head(self) -> list[bytes]:
            lines = []
            while line := self.rfile.readline(CHUNK_BYTES).rstrip(b"\r\n"):
                lines.append(line)
            return lines

        def _send_to(self, there: socket.socket) -> None:
            with suppress(OSError):
                while data := self.rfile.read1(CHUNK_BYTES):
                    there.sendall(data)
                there.shutdown(socket.SHUT_WR)

    with _Server(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}{PREFIX}"
        finally:
            server.shutdown()
            thread.join()
