"""The number of open WebSockets is bounded, and a process without any has nothing to do."""

import asyncio

import pytest

from shared.errors import TooManyRequests, Unavailable
from shared.security.verifier import Identity
from shared.websockets.hub import Hub


def test_open_sockets_are_bounded() -> None:
    async def scenario() -> None:
        few = Hub("tests", 2, 1)
        sockets = [few.register(Identity(1, 1, 0))]
        with pytest.raises(TooManyRequests):
            few.register(Identity(1, 2, 0))
        sockets.append(few.register(Identity(2, 3, 0)))
        with pytest.raises(Unavailable):
            few.register(Identity(3, 4, 0))
        for each in sockets:
            few.unregister(each)
        assert few.count == 0

    asyncio.run(scenario())


def test_hub_without_sockets_ignores_texts() -> None:
    nobody = Hub("tests", 1, 1)
    nobody.send_to([1], "x")
    nobody.end_session(1)
    assert nobody.count == 0
