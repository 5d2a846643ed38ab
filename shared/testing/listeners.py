"""Ends the listeners of asyncio servers without losing a connection that they have just accepted."""

import asyncio
import socket
from collections.abc import Iterable

TURNS = 10
"""Of the event loop: more than a connection needs from its acceptance to its transport, or to its end."""


async def stop_accepting(listeners: Iterable[socket.socket]) -> None:
    """To be called before `close()` of their server.

    asyncio accepts a connection in one turn of the loop and makes its transport in the next. If the server is closed
    between the two, the socket stays open, and its garbage collection fails another test.
    """
    loop = asyncio.get_running_loop()
    for each in listeners:
        loop.remove_reader(each.fileno())
    await some_turns()


async def some_turns() -> None:
    """Let the event loop do what is due."""
    for _ in range(TURNS):
        await asyncio.sleep(0)  # noqa: TID251 - it waits for no time, but for turns of the loop
