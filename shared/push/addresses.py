"""Which URLs and IP addresses requests on behalf of users may reach: public https servers, nothing inside the network
(server-side request forgery).

A URL is checked when it is stored, and the addresses of its host each time before a connection. A name can lead
elsewhere tomorrow, so only the second check protects; the first one tells the client.
"""

import re
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from urllib.parse import urlsplit

MAX_URL_CHARACTERS = 1_000
# Names of at least two labels. The last one begins with a letter: no form of an IPv4 address does, such as 0x7f.1.
_URL = re.compile(
    r"https://(?=[^/]{1,253}(?:/|$))(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])"
    r"(?::443)?(?:/[A-Za-z0-9._~:/?@!$&'()*+,;=%-]*)?"
)
_LOCAL_URL = re.compile(r"https://(?:127\.0\.0\.1|localhost):[0-9]{1,5}(?:/[A-Za-z0-9._~/?=-]*)?")
_GLOBAL_UNICAST = IPv6Network("2000::/3")
_NAT64 = IPv6Network("64:ff9b::/96")
# Parts of global unicast that are no hosts of the internet, or lead to an IPv4 address (IANA registry of RFC 6890).
_SPECIAL = [IPv6Network(each) for each in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")]
# The same of IPv4, where releases of Python differ: protocol assignments, and relays of 6to4 (RFC 7526).
_SPECIAL_IPV4 = [IPv4Network(each) for each in ("192.0.0.0/24", "192.88.99.0/24")]


def is_public_url(url: str, *, allow_local: bool = False) -> bool:
    """Whether this is an https URL of a host with a name and of port 443, without a user and a fragment.

    `allow_local` is for tests: any port of this machine is allowed as well.
    """
    if len(url) > MAX_URL_CHARACTERS:
        return False
    return bool(_URL.fullmatch(url)) or (allow_local and bool(_LOCAL_URL.fullmatch(url)))


def is_public_address(text: str) -> bool:
    """Whether an IP address is one of the internet: not private, shared, loopback, link-local, multicast, reserved, or
    one that stands for such an IPv4 address.
    """
    try:
        address = ip_address(text)
    except ValueError:  # such as a zone: fe80::1%eth0
        return False
    if isinstance(address, IPv4Address):
        return _is_public_ipv4(address)
    if address in _NAT64:  # RFC 6052; networks without IPv4 reach all IPv4 hosts by these
        return _is_public_ipv4(IPv4Address(int(address) & 0xFFFFFFFF))
    return _is_public_ipv6(address)


def _is_public_ipv4(address: IPv4Address) -> bool:
    is_special = address.is_multicast or address.is_reserved or any(address in each for each in _SPECIAL_IPV4)
    return address.is_global and not is_special


def _is_public_ipv6(address: IPv6Address) -> bool:
    return address in _GLOBAL_UNICAST and not any(address in each for each in _SPECIAL)


def origin_of(url: str) -> str:
    """Scheme and host, and the port if it is not 443 (RFC 6454)."""
    parts = urlsplit(url)
    return f"https://{parts.hostname}" + (f":{parts.port}" if parts.port not in (None, 443) else "")
