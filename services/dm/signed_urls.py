"""Signed URLs of private photos: each gives access to one photo for about an hour."""

import hashlib
import hmac
from base64 import urlsafe_b64encode

from shared import clock, ids
from shared.errors import Forbidden

LIFETIME_MS = clock.HOUR
# The URL of a photo stays the same within this time, so that clients can cache it.
STEP_MS = 15 * clock.MINUTE
# The maximum difference between the clocks of two replicas.
CLOCK_SKEW_MS = 10 * clock.SECOND
_MAC_BYTES = 18


class UrlSigner:
    """Signs and checks URLs. Nothing about them is stored."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def url(self, room_id: int, media_id: int, rendition: str) -> str:
        """The URL of this rendition; it needs no token and is valid for at least an hour."""
        path = _path(room_id, media_id, rendition)
        expires = str(-(-(clock.now() + LIFETIME_MS) // STEP_MS) * STEP_MS // clock.SECOND)
        return f"{path}?expires={expires}&signature={self._sign(path, expires)}"

    def check(self, room_id: int, media_id: int, rendition: str, expires: str, signature: str) -> int:
        """How many seconds this URL is still valid. Raises Forbidden if it has expired, or was not signed here."""
        right = self._sign(_path(room_id, media_id, rendition), expires)
        if not hmac.compare_digest(right.encode(), signature.encode()):
            raise Forbidden("invalid_link", "The signature does not match this photo.")
        left = int(expires) - clock.now() // clock.SECOND
        if left * clock.SECOND > LIFETIME_MS + STEP_MS + CLOCK_SKEW_MS:
            raise Forbidden("invalid_link", "The expiry of this link is too far in the future.")
        if left <= 0:
            raise Forbidden("link_expired", "This link has expired; read the message again for a new one.")
        return left

    def _sign(self, path: str, expires: str) -> str:
        mac = hmac.digest(self._key, f"{path}?{expires}".encode(), hashlib.sha256)
        return urlsafe_b64encode(mac[:_MAC_BYTES]).decode()


def _path(room_id: int, media_id: int, rendition: str) -> str:
    return f"/api/v1/rooms/{ids.encode(room_id)}/media/{ids.encode(media_id)}/{rendition}"
