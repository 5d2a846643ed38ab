"""Which URLs and addresses requests on behalf of users may reach."""

import pytest

from shared.push.addresses import is_public_address, is_public_url, origin_of

PUBLIC = [
    "https://push.example.com",
    "https://push.example.com/",
    "https://push.example.com:443/a/b?c=d&e=%20",
    "https://updates.push.services.mozilla.com/wpush/v2/gAAAAABk-_:x",
    "https://a_b.xn--bcher-kva.example/x",
]
REFUSED_URLS = [
    "",
    "http://push.example.com/x",
    "https://",
    "https:///x",
    "https://push.example.com:8443/x",
    "https://push.example.com:22/",
    "https://user@push.example.com/x",
    "https://push.example.com@127.0.0.1/x",
    "https://127.0.0.1\\@push.example.com/x",
    "https://push.example.com#@127.0.0.1/",
    "https://localhost/x",
    "https://intranet/x",
    "https://push.example.com./x",
    "https://push.example.com/\nx",
    "https://push.example.com /x",
    "https://push.example.com\t/x",
    "https://pu\u017fh.example.com/x",
    "https://push\u3002example.com/x",
    "HTTPS://push.example.com/x",
    # IP addresses, in every form that resolvers accept.
    "https://8.8.8.8/x",
    "https://127.0.0.1/x",
    "https://127.1/x",
    "https://2130706433/x",
    "https://0x7f000001/x",
    "https://0x7f.0.0.1/x",
    "https://0177.0.0.1/x",
    "https://017700000001/x",
    "https://127.0.0.1./x",
    "https://\uff11\uff12\uff17.0.0.1/x",
    "https://[::1]/x",
    "https://[::ffff:127.0.0.1]/x",
    "https://[2001:4860:4860::8888]/x",
    "https://[fe80::1%25eth0]/x",
    "https://push.example.com/" + "x" * 1_000,
    "https://" + "a." * 127 + "example/x",
]
GLOBAL = ["8.8.8.8", "1.1.1.1", "2001:4860:4860::8888", "2a00:1450:4001:81b::200e", "64:ff9b::808:808"]
NOT_GLOBAL = [
    "0.0.0.0",  # noqa: S104 - no server listens here
    "0.1.2.3",
    "10.0.0.1",
    "100.64.0.1",
    "100.127.255.255",
    "127.0.0.1",
    "127.255.255.254",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.8",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::8.8.8.8",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:8.8.8.8",
    "64:ff9b::127.0.0.1",
    "64:ff9b::a00:1",
    "64:ff9b::169.254.169.254",
    "64:ff9b:1::1",
    "100::1",
    "2001::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "2002:a00:1::1",
    "3fff::1",
    "fc00::1",
    "fd12:3456::1",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
    "ff0e::1",
    # No address in the form that resolvers give.
    "2130706433",
    "0x7f000001",
    "0177.0.0.1",
    "127.1",
    "localhost",
    "",
]


@pytest.mark.parametrize("url", PUBLIC)
def test_public_url_is_accepted(url: str) -> None:
    assert is_public_url(url)


@pytest.mark.parametrize("url", REFUSED_URLS)
def test_url_that_may_lead_into_the_network_is_refused(url: str) -> None:
    assert not is_public_url(url)


def test_this_machine_only_for_tests() -> None:
    assert is_public_url("https://127.0.0.1:8443/x", allow_local=True)
    assert not is_public_url("https://127.0.0.1:8443/x")
    assert not is_public_url("https://10.0.0.1:8443/x", allow_local=True)


@pytest.mark.parametrize("address", GLOBAL)
def test_address_of_the_internet_is_public(address: str) -> None:
    assert is_public_address(address)


@pytest.mark.parametrize("address", NOT_GLOBAL)
def test_address_that_is_not_of_the_internet_is_refused(address: str) -> None:
    assert not is_public_address(address)


def test_origin_has_no_default_port() -> None:
    assert origin_of("https://push.example.com:443/x?y") == "https://push.example.com" == origin_of(PUBLIC[0])
    assert origin_of("https://127.0.0.1:8443/x") == "https://127.0.0.1:8443"
