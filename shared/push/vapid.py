"""Identifies this application to push services (VAPID, RFC 8292)."""

import time
from base64 import urlsafe_b64encode
from functools import cached_property

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

LIFETIME_SECONDS = 12 * 3600
"""At most 24 hours are allowed (RFC 8292, section 2)."""
SEED_BYTES = 64
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""Of P-256 (FIPS 186-5)."""


class VapidKey:
    """The key of this application, made from a secret seed: all processes with the same seed have the same key.

    Browsers subscribe with its public part, and their subscriptions end with it.
    """

    def __init__(self, seed: bytes, contact: str = "") -> None:
        """`contact` is a `mailto:` or `https:` URL that push services may use, or empty."""
        if len(seed) != SEED_BYTES:
            raise ValueError("the seed has to have 64 bytes")
        self._seed = seed
        self._contact = contact

    @cached_property
    def _private_key(self) -> ec.EllipticCurvePrivateKey:
        # FIPS 186-5, section A.2.1: with so many extra bits, no number is noticeably more likely than others.
        return ec.derive_private_key(int.from_bytes(self._seed) % (_ORDER - 1) + 1, ec.SECP256R1())

    @cached_property
    def public_key(self) -> str:
        """The `applicationServerKey` of subscriptions: the uncompressed point in base64url."""
        point = self._private_key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        return urlsafe_b64encode(point).decode().rstrip("=")

    def authorization(self, origin: str) -> str:
        """The header `Authorization` of a request to the push service with this origin."""
        claims: dict[str, str | int] = {"aud": origin, "exp": int(time.time()) + LIFETIME_SECONDS}
        if self._contact:
            claims["sub"] = self._contact
        return f"vapid t={jwt.encode(claims, self._private_key, 'ES256')}, k={self.public_key}"
