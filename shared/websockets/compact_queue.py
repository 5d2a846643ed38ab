"""A queue that takes little memory while it is empty: every open WebSocket has some."""

import asyncio
from typing import Generic, TypeVar

T = TypeVar("T")


class CompactQueue(Generic[T]):
    """Like `asyncio.Queue` with one consumer; that one takes 3 kB, most of it for its three deques."""

    __slots__ = ("_arrival", "_items")

    def __init__(self) -> None:
        self._items: list[T] = []
        self._arrival: asyncio.Future[None] | None = None

    def __len__(self) -> int:
        return len(self._items)

    def empty(self) -> bool:
        """Whether `get` would wait."""
        return not self._items

    def put_nowait(self, item: T) -> None:
        """Append an item. The caller bounds the length."""
        self._items.append(item)
        if self._arrival is not None and not self._arrival.done():
            self._arrival.set_result(None)

    async def get(self) -> T:
        """Remove and return the oldest item; wait until there is one."""
        while not self._items:
            self._arrival = asyncio.get_running_loop().create_future()
            await self._arrival
        return self._items.pop(0)
