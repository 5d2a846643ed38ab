"""The client's IP address: X-Forwarded-For counts only from trusted proxies."""

from ipaddress import ip_network

import pytest
from pydantic import ValidationError

from gateway.request.client_ip import TrustedProxies, parse_client
from gateway.settings import Settings

from .gateway_server import live_gateway

PROXIES = TrustedProxies([ip_network("10.0.0.0/8"), ip_network("fd00::/8"), ip_network("127.0.0.1/32")])
POSTS = "/api/v1/posts"


def seen(peer: str | None, *lines: str, addresses: TrustedProxies = PROXIES) -> str:
    """The client address for this peer and these X-Forwarded-For lines."""
    headers = [(b"x-forwarded-for", line.encode("latin-1")) for line in lines]
    return addresses.client({"client": (peer, 1) if peer else None, "headers": headers}).address


@pytest.mark.parametrize("line", ["1.2.3.4", "10.0.0.1", "127.0.0.1", ""])
def test_forwarded_header_of_an_untrusted_client_is_ignored(line: str) -> None:
    assert seen("203.0.113.9", line) == "203.0.113.9"


def test_forwarded_header_is_ignored_without_configured_proxies() -> None:
    assert seen("10.0.0.1", "1.2.3.4", addresses=TrustedProxies([])) == "10.0.0.1"


@pytest.mark.parametrize(
    ("lines", "client"),
    [
        (["198.51.100.7"], "198.51.100.7"),
        (["6.6.6.6, 198.51.100.7"], "198.51.100.7"),
        (["6.6.6.6", "198.51.100.7"], "198.51.100.7"),
        (["6.6.6.6, 198.51.100.7, 10.9.9.9"], "198.51.100.7"),
        (["198.51.100.7,10.9.9.9,\t fd00::1 "], "198.51.100.7"),
        (["198.51.100.7:4711"], "198.51.100.7"),
        (["[2001:db8::1]:4711"], "2001:db8::1"),
        (["[2001:db8::1]"], "2001:db8::1"),
        (["2001:DB8:0::1"], "2001:db8::1"),
        (["::ffff:198.51.100.7"], "198.51.100.7"),
        (["10.2.2.2, 10.3.3.3"], "10.2.2.2"),
        ([], "10.0.0.1"),
    ],
)
def test_client_is_the_last_address_that_is_not_a_proxy(lines: list[str], client: str) -> None:
    assert seen("10.0.0.1", *lines) == client


@pytest.mark.parametrize(
    "line",
    [
        "",
        ",",
        "unknown",
        "1.2.3.4.5",
        "1.2.3",
        "01.2.3.4",
        "1.2.3.4 5.6.7.8",
        "1.2.3.4;6.6.6.6",
        "999.1.1.1",
        "0x7f000001",
        "::g",
        "[::1",
        "[1.2.3.4]x",
        "1.2.3.4:port",
        "1.2.3.4:123456",
        "for=1.2.3.4",
        "\x00",
        "\xff\xfe",
        "１.2.3.4".encode().decode("latin-1"),
        "1" * 10_000,
        "6.6.6.6," + "x" * 65,
    ],
)
def test_malformed_forwarded_address_is_ignored(line: str) -> None:
    assert seen("10.0.0.1", line) == "10.0.0.1"
    assert seen("10.0.0.1", f"6.6.6.6, {line}, 10.5.5.5") == "10.5.5.5", "and nothing before it is believed"


def test_long_proxy_chain_is_not_followed() -> None:
    assert seen("10.0.0.1", ", ".join(["6.6.6.6", *["10.0.0.2"] * 100])) == "10.0.0.2"


def test_missing_peer_address_gives_no_client() -> None:
    assert seen(None, "6.6.6.6") == "unknown"


def test_ipv6_network_counts_as_one_client() -> None:
    first, second = parse_client("2001:db8:1:2:3::4"), parse_client("2001:db8:1:2:ffff::")
    other = parse_client("2001:db8:1:3::4")
    assert first and second and other
    assert first.network == second.network == "2001:db8:1:2::/64" != other.network
    assert first.site == other.site == "2001:db8:1::/48"
    mapped, plain = parse_client("::ffff:1.2.3.4"), parse_client("1.2.3.4")
    assert mapped == plain and plain is not None and (plain.network, plain.site) == ("1.2.3.4", None)


def test_services_get_the_client_behind_a_trusted_proxy() -> None:
    with live_gateway(trusted_proxies=["127.0.0.0/8"]) as live:
        live.web.get(POSTS, headers={"x-forwarded-for": "6.6.6.6, 198.51.100.7"})
        assert live.services.at(POSTS)[-1].all("x-forwarded-for") == ["198.51.100.7"]


def test_clients_behind_a_trusted_proxy_are_counted_separately() -> None:
    with live_gateway(trusted_proxies=["127.0.0.1/32"], rate_anonymous="1/day") as live:

        def status(client: str) -> int:
            return live.web.get(POSTS, headers={"x-forwarded-for": client}).status_code

        assert [status("198.51.100.7"), status("198.51.100.8"), status("198.51.100.7")] == [200, 200, 429]
        assert [status("2001:db8::1"), status("2001:db8::2"), status("2001:db8:0:1::1")] == [200, 429, 200]


def test_forged_forwarded_header_gives_no_new_limit() -> None:
    with live_gateway(rate_anonymous="1/day") as live:
        claims = [{name: "198.51.100.7"} for name in ("x-forwarded-for", "x-real-ip", "forwarded", "x-client-ip")]
        assert [live.web.get(POSTS, headers=claim).status_code for claim in claims] == [200, 429, 429, 429]


@pytest.mark.parametrize("network", ["10.0.0.1/8", "proxy.example.com", "10.0.0.0/33", ""])
def test_invalid_proxy_network_is_refused_at_start(network: str) -> None:
    with pytest.raises(ValidationError):
        Settings(trusted_proxies=[network])  # type: ignore[list-item] # as it comes from the environment
