"""Signs the addresses of private photos: whoever holds one may look at that photo for about an hour."""

import hashlib
import hmac
from base64 import urlsafe_b64encode

from shared import clock, ids
from shared.errors import Forbidden

LIFETIME = clock.HOUR
STEP = 15 * clock.MINUTE
"""Within this time a photo has one and the same link, so that clients can keep what they have fetched."""
SKEW = 10 * clock.SECOND
"""By how much the clocks of two replicas may differ."""
_MAC_BYTES = 18


class UrlSigner:
    """Makes links, and says whether one is ours and still good. Nothing about them is stored."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def url(self, room_id: int, media_id: int, rendition: str) -> str:
        """Where this rendition can be fetched, without a token, for at least an hour from now."""
        path = _path(room_id, media_id, rendition)
        expires = str(-(-(clock.now() + LIFETIME) // STEP) * STEP // clock.SECOND)
        return f"{path}?expires={expires}&signature={self._sign(path, expires)}"

    def check(self, room_id: int, media_id: int, rendition: str, expires: str, signature: str) -> int:
        """How many seconds this link is still good for. Raises Forbidden where it is not, or was never ours."""
        right = self._sign(_path(room_id, media_id, rendition), expires)
        if not hmac.compare_digest(right.encode(), signature.encode()):
            raise Forbidden("invalid_link", "This link was not made here, or not for this picture.")
        left = int(expires) - clock.now() // clock.SECOND
        if left * clock.SECOND > LIFETIME + STEP + SKEW:
            raise Forbidden("invalid_link", "No link is made for as long as this one says.")
        if left <= 0:
            raise Forbidden("link_expired", "This link has expired; read the message again for a new one.")
        return left

    def _sign(self, path: str, expires: str) -> str:
        mac = hmac.digest(self._key, f"{path}?{expires}".encode(), hashlib.sha256)
        return urlsafe_b64encode(mac[:_MAC_BYTES]).decode()


def _path(room_id: int, media_id: int, rendition: str) -> str:
    return f"/api/v1/rooms/{ids.text(room_id)}/media/{ids.text(media_id)}/{rendition}"
