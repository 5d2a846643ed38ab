"""The queue of an open WebSocket: order, waiting, and a consumer that is cancelled."""

import asyncio

from shared.websockets.compact_queue import CompactQueue


def test_items_come_in_the_order_in_which_they_were_put() -> None:
    async def scenario() -> list[int]:
        queue = CompactQueue[int]()
        for number in range(3):
            queue.put_nowait(number)
        assert len(queue) == 3 and not queue.empty()
        return [await queue.get() for _ in range(3)]

    assert asyncio.run(scenario()) == [0, 1, 2]


def test_consumer_waits_for_an_item() -> None:
    async def scenario() -> str:
        queue = CompactQueue[str]()
        waiting = asyncio.ensure_future(queue.get())
        await asyncio.wait({waiting}, timeout=0)
        assert not waiting.done() and queue.empty()
        queue.put_nowait("late")
        return await waiting

    assert asyncio.run(scenario()) == "late"


def test_an_item_for_a_consumer_that_was_cancelled_goes_to_the_next_one() -> None:
    async def scenario() -> str:
        queue = CompactQueue[str]()
        cancelled = asyncio.ensure_future(queue.get())
        await asyncio.wait({cancelled}, timeout=0)
        queue.put_nowait("kept")
        cancelled.cancel()
        await asyncio.wait({cancelled})
        return await queue.get()

    assert asyncio.run(scenario()) == "kept"
