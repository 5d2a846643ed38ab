"""Whom a client of ours trusts: asked within a network of one's own by http, nobody's certificate is needed."""

import ssl
from urllib.parse import urlsplit


def trust(url: str) -> ssl.SSLContext | bool:
    """For httpx' `verify`: by https the usual authorities. By http none: to hold them takes a megabyte a client."""
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT) if urlsplit(url).scheme == "http" else True
