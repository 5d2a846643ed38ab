"""Origins of WebSockets: browsers let any page try to open one."""

from collections.abc import Iterator

import pytest

from shared.testing.websocket_client import listening

from .gateway_server import LiveGateway, live_gateway
from .test_websockets import HANDSHAKE, PAGE, WS, url


@pytest.fixture(scope="module")
def gateway_with_origins() -> Iterator[LiveGateway]:
    """A gateway with a configured origin."""
    with live_gateway(cors_origins=[PAGE]) as opened:
        yield opened


def page(live: LiveGateway, origin: str, **headers: str) -> int:
    """The status for a page of this origin, which can send its token only as a subprotocol."""
    offered = f"bearer, {live.token_issuer.token(1)}"
    lines = {**HANDSHAKE, b"host": f"127.0.0.1:{live.port}".encode(), b"sec-websocket-protocol": offered.encode()}
    given = {name.replace("_", "-").encode(): value.encode() for name, value in {"origin": origin, **headers}.items()}
    head = b"".join(b"%b: %b\r\n" % line for line in {**lines, **given}.items())
    answer = live.raw(b"GET %b HTTP/1.1\r\n%b\r\n" % (WS.encode(), head))
    assert answer.status == 101 or answer.code == "origin_not_allowed"
    return answer.status


FOREIGN_ORIGINS = (
    "https://evil.example",
    "http://127.0.0.1",
    "null",
    "",
    "http://127.0.0.1:1",
    "https://photos.example",
)


def test_own_and_configured_origins_may_open_a_socket(gateway_with_origins: LiveGateway) -> None:
    own = f"http://127.0.0.1:{gateway_with_origins.port}"
    assert page(gateway_with_origins, own) == page(gateway_with_origins, PAGE) == 101
    assert page(gateway_with_origins, "http://photos.example", host="photos.example") == 101
    assert page(gateway_with_origins, "http://photos.example", host="Photos.example:80") == 101
    for origin in (*FOREIGN_ORIGINS, own.replace("http", "https"), own + ".evil.example", PAGE + ".evil.example"):
        assert page(gateway_with_origins, origin) == 403


@pytest.mark.parametrize("origin", ["https://evil.example", "null", PAGE])
def test_origin_is_not_checked_when_the_token_is_in_a_header(gateway_with_origins: LiveGateway, origin: str) -> None:
    with listening(url(gateway_with_origins), gateway_with_origins.token_issuer.token(1), origin=origin) as opened:
        assert opened.connection.response is not None


def test_own_origin_comes_from_a_trusted_proxy() -> None:
    with live_gateway(trusted_proxies=["127.0.0.0/8"]) as live:
        outside = {"x_forwarded_proto": "https", "x_forwarded_host": "photos.example"}
        assert page(live, "https://photos.example", **outside) == 101
        assert page(live, "http://photos.example", **outside) == 403
        assert page(live, "https://photos.example:8443", **outside) == 403
        behind = {"host": "photos.example"}
        assert page(live, "https://photos.example", **behind) == 101, "many proxies do not tell the scheme"
        assert page(live, "http://photos.example", **behind) == 101
        assert page(live, "https://evil.example", **behind) == 403
    with live_gateway() as live:
        assert page(live, "https://photos.example", **outside) == 403, "a stranger is not believed"


def test_own_origin_is_that_of_the_public_url() -> None:
    with live_gateway(public_url="https://photos.example:8443/shutter") as live:
        assert page(live, "https://photos.example:8443") == 101
        assert page(live, "https://photos.example") == page(live, "https://evil.example") == 403
