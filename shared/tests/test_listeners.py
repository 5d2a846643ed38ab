"""Connections that were accepted just before their server ends."""

import asyncio
import socket
from typing import cast

from shared.testing.listeners import some_turns, stop_accepting
from shared.testing.waiting import WAIT_SECONDS

CLIENTS = 3


def test_each_accepted_connection_has_a_transport_when_the_server_is_closed() -> None:
    made: list[asyncio.Transport] = []

    class Recorder(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            made.append(cast("asyncio.Transport", transport))

    async def scenario() -> None:
        server = await asyncio.get_running_loop().create_server(Recorder, "127.0.0.1", 0)
        address = server.sockets[0].getsockname()
        clients = [socket.create_connection(address, timeout=WAIT_SECONDS) for _ in range(CLIENTS)]
        for _ in range(2):  # one turn that sees the connections, and one that accepts them, without transports yet
            await asyncio.sleep(0)  # noqa: TID251 - it waits for no time, but for a turn of the loop
        assert made == []
        await stop_accepting(server.sockets)
        server.close()
        assert len(made) == CLIENTS
        for transport in made:
            transport.abort()
        await some_turns()
        for client in clients:
            client.close()

    asyncio.run(scenario())
