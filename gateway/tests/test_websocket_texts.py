"""Texts of clients on WebSockets: forwarded to the service, few and short."""

from contextlib import suppress

import pytest
from websockets.exceptions import ConnectionClosed

from .gateway_server import LiveGateway
from .stub_services import repeating, saying
from .test_websockets import ear


@pytest.fixture(autouse=True)
def _no_behaviour_of_another_test(live: LiveGateway) -> None:
    live.services.socket = saying()


def test_texts_of_the_client_reach_the_service_until_it_closes(live: LiveGateway) -> None:
    live.services.socket = repeating
    with ear(live) as opened:
        for text in ("1", '"안녕"'):
            opened.connection.send(text)
        assert (opened.next(), opened.next()) == (1, "안녕")
        opened.connection.send("nonsense")
        assert opened.closed() == 1008


@pytest.mark.parametrize(("sent", "code"), [(["1"] * 21, 1008), ([b"bytes"], 1008), (["x" * 1025], 1009)])
def test_client_that_sends_too_much_is_disconnected_by_the_gateway(
    live: LiveGateway, sent: list[str | bytes], code: int
) -> None:
    with ear(live) as opened:
        with suppress(ConnectionClosed):
            for each in sent:
                opened.connection.send(each)
        assert opened.closed() == code
