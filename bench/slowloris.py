"""Slow clients: `python -m bench.slowloris PORT COUNT KIND [PATH TOKEN]` keeps this number of connections busy.

- `heads`: a head that never comes to an end, a byte a second.
- `uploads`: an upload to PATH, a byte a second.
- `no-reading`: requests PATH and reads nothing.

A connection that is closed is opened again. Prints a line when all are open, and runs until killed.
"""

import asyncio
import socket
import sys
from contextlib import suppress

from gateway.server.connection_limits import max_open_files

TOGETHER = 100
HEADS = {
    "heads": "GET /api/v1/posts HTTP/1.1\r\nHost: a\r\nX: ",
    "uploads": "POST {path} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {token}\r\nContent-Length: 1000000\r\n\r\n",
    "no-reading": "GET {path} HTTP/1.1\r\nHost: a\r\n\r\n",
}


async def _keep_open(port: int, kind: str, head: bytes, opening: asyncio.Semaphore) -> None:
    loop = asyncio.get_running_loop()
    while True:
        with suppress(OSError), socket.socket() as line:
            line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
            line.setblocking(False)
            async with opening:
                await loop.sock_connect(line, ("127.0.0.1", port))
                await loop.sock_sendall(line, head)
            while not line.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
                await asyncio.sleep(1)
                if kind != "no-reading":
                    await loop.sock_sendall(line, b"a")


async def _run(port: int, count: int, kind: str, head: bytes) -> None:
    opening = asyncio.Semaphore(TOGETHER)
    lines = [asyncio.create_task(_keep_open(port, kind, head, opening)) for _ in range(count)]
    await asyncio.sleep(5)
    print("open", flush=True)
    await asyncio.gather(*lines)


def main() -> None:
    """Run until killed."""
    max_open_files()
    port, count, kind, *more = sys.argv[1:]
    path, token = more or ("", "")
    asyncio.run(_run(int(port), int(count), kind, HEADS[kind].format(path=path, token=token).encode()))


if __name__ == "__main__":
    main()
