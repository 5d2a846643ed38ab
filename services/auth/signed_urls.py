"""Signed URLs of exports: each gives access to one file for an hour."""

import hashlib
import hmac
from base64 import urlsafe_b64encode

from shared import clock
from shared.errors import Forbidden

EXPORTS = "exports"
"""The purpose of the key that signs them."""
PATH = "/api/v1/exports"
LIFETIME_MS = clock.HOUR
_MAC_BYTES = 18


class UrlSigner:
    """Signs and checks URLs. Nothing about them is stored."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def url(self, name: str) -> str:
        """The URL of this file; it needs no token."""
        expires = str((clock.now() + LIFETIME_MS) // clock.SECOND)
        return f"{PATH}/{name}?expires={expires}&signature={self._sign(name, expires)}"

    def check(self, name: str, expires: str, signature: str) -> None:
        """Raises Forbidden if the URL has expired, or was not signed here."""
        if not hmac.compare_digest(self._sign(name, expires).encode(), signature.encode("utf-8", "replace")):
            raise Forbidden("invalid_link", "The signature does not match this file.")
        if int(expires) <= clock.now() // clock.SECOND:
            raise Forbidden("link_expired", "This link has expired; ask for a new one.")

    def _sign(self, name: str, expires: str) -> str:
        mac = hmac.digest(self._key, f"{name}?{expires}".encode("utf-8", "replace"), hashlib.sha256)
        return urlsafe_b64encode(mac[:_MAC_BYTES]).decode()
