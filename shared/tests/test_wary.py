"""What our HTTP protocol keeps for clients."""

import asyncio
import socket
from typing import Any

import uvicorn
from uvicorn.server import ServerState

from shared.server import server_options
from shared.wary import Wary

SIZE = 4_000_000


async def _unsent() -> int:
    """Bytes of an answer that are still in the process when its client reads nothing."""
    answered = asyncio.Event()

    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % SIZE)]})
        await send({"type": "http.response.body", "body": b"x" * SIZE})
        answered.set()

    config = uvicorn.Config(app, **server_options())
    config.load()
    made: list[Wary] = []

    def protocol() -> Wary:
        made.append(Wary(config=config, server_state=ServerState(), app_state={}))
        return made[-1]

    loop = asyncio.get_running_loop()
    server = await loop.create_server(protocol, "127.0.0.1", 0)
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        client.setblocking(False)
        await loop.sock_connect(client, server.sockets[0].getsockname())
        await loop.sock_sendall(client, b"GET / HTTP/1.1\r\nhost: a\r\n\r\n")
        await answered.wait()
        left = made[0].transport.get_write_buffer_size()
        made[0].transport.abort()
    server.close()
    await server.wait_closed()
    return left


def test_the_system_takes_little_of_an_answer_that_nobody_reads() -> None:
    """By itself it takes megabytes, which no limit of the process counts."""
    assert asyncio.run(_unsent()) > SIZE - 500_000
