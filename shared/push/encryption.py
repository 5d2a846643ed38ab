"""Encryption of push messages (RFC 8291, aes128gcm of RFC 8188): only the browser that subscribed can read them."""

import os
import struct
from dataclasses import dataclass

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

POINT_BYTES, AUTH_BYTES, SALT_BYTES = 65, 16, 16
"""An uncompressed point of P-256, the secret that a browser makes for a subscription, and the salt of a message."""
RECORD_BYTES = 4_096
"""What every push service takes at least (RFC 8030, section 7.2), and the size of the only record."""
_TAG_BYTES = 16
_HEADER_BYTES = SALT_BYTES + 4 + 1 + POINT_BYTES
MAX_CONTENT_BYTES = RECORD_BYTES - _HEADER_BYTES - _TAG_BYTES - 1
PADDED_BYTES = 1_024
"""Messages are padded to a multiple of this, so that their length says little about them."""
_LAST_RECORD = b"\x02"


class InvalidKey(ValueError):
    """Not a public key of P-256, or not a secret of 16 bytes."""


@dataclass(frozen=True, slots=True)
class BrowserKeys:
    """What a browser gives with a subscription."""

    p256dh: bytes
    auth: bytes

    @property
    def has_valid_point(self) -> bool:
        """Whether the public key is a point of P-256."""
        try:
            _point(self.p256dh)
        except InvalidKey:
            return False
        return True

    @property
    def has_valid_secret(self) -> bool:
        """Whether the secret has 16 bytes."""
        return len(self.auth) == AUTH_BYTES


def encrypt(
    content: bytes,
    keys: BrowserKeys,
    *,
    private_key: ec.EllipticCurvePrivateKey | None = None,
    salt: bytes | None = None,
    padded: int = PADDED_BYTES,
) -> bytes:
    """The body of a push request. The key and the salt are random, except in tests with the example of the RFC.

    Raises InvalidKey, and ValueError if the content is longer than `MAX_CONTENT_BYTES`.
    """
    if len(content) > MAX_CONTENT_BYTES:
        raise ValueError(f"more than {MAX_CONTENT_BYTES} bytes")
    sender, salt = private_key or ec.generate_private_key(ec.SECP256R1()), salt or os.urandom(SALT_BYTES)
    sender_point = sender.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    shared_secret = sender.exchange(ec.ECDH(), _point(keys.p256dh))
    # RFC 8291, section 3.4.
    secret = _derive(keys.auth, shared_secret, b"WebPush: info\x00" + keys.p256dh + sender_point, 32)
    content_key = _derive(salt, secret, b"Content-Encoding: aes128gcm\x00", 16)
    nonce = _derive(salt, secret, b"Content-Encoding: nonce\x00", 12)
    padding = min(-len(content) % padded, MAX_CONTENT_BYTES - len(content))
    record = content + _LAST_RECORD + bytes(padding)
    header = salt + struct.pack("!LB", RECORD_BYTES, POINT_BYTES) + sender_point
    return header + AESGCM(content_key).encrypt(nonce, record, None)


def _point(encoded: bytes) -> ec.EllipticCurvePublicKey:
    if len(encoded) != POINT_BYTES:
        raise InvalidKey("not 65 bytes")
    try:
        return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), encoded)
    except ValueError as problem:  # not on the curve, which would reveal bits of our key
        raise InvalidKey("not a point of P-256") from problem


def _derive(salt: bytes, secret: bytes, info: bytes, length: int) -> bytes:
    return HKDF(hashes.SHA256(), length, salt, info).derive(secret)
