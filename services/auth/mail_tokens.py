"""Tokens and codes that are sent by mail. None is stored: each is computed from a key that the database lacks.

So a copy of the database contains none that could be used. A token names its account and its serial number; the number
of the one that is open is in the database.
"""

import hashlib
import hmac
from base64 import b64decode, urlsafe_b64encode
from dataclasses import dataclass

MAIL_TOKENS = "mail tokens"
"""The purpose of the key."""
CODE_DIGITS = 8
_ID_BYTES, _MAC_BYTES = 8, 32  # together a multiple of three: no padding in base64
_TOKEN_BYTES = 2 * _ID_BYTES + _MAC_BYTES
TOKEN_LENGTH = _TOKEN_BYTES * 4 // 3


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom a token is for, and which one of theirs it is."""

    account_id: int
    serial: int


class MailTokens:
    """Computes and reads the tokens of one purpose, such as `password reset`."""

    def __init__(self, key: bytes, purpose: str) -> None:
        self._tokens, self._codes = (
            hmac.digest(key, f"{kind} of {purpose}".encode(), hashlib.sha256) for kind in ("tokens", "codes")
        )

    def token(self, subject: Subject) -> str:
        """A token with a MAC of 256 bits, for a link."""
        signed = _bytes(subject)
        return urlsafe_b64encode(signed + hmac.digest(self._tokens, signed, hashlib.sha256)).decode()

    def subject(self, token: str) -> Subject | None:
        """The subject of this token; None if it was not made here."""
        try:
            raw = b64decode(token, altchars=b"-_", validate=True)
        except ValueError:
            return None
        signed, mac = raw[: 2 * _ID_BYTES], raw[2 * _ID_BYTES :]
        is_ours = hmac.compare_digest(mac, hmac.digest(self._tokens, signed, hashlib.sha256))
        if not is_ours or urlsafe_b64encode(raw).decode() != token:  # other spellings are refused
            return None
        return Subject(int.from_bytes(signed[:_ID_BYTES]), int.from_bytes(signed[_ID_BYTES:]))

    def code(self, subject: Subject) -> str:
        """A short code to type, for somebody who is signed in."""
        digest = hmac.digest(self._codes, _bytes(subject), hashlib.sha256)
        return f"{int.from_bytes(digest) % 10**CODE_DIGITS:0{CODE_DIGITS}}"

    def is_code(self, subject: Subject, given: str) -> bool:
        """Whether this is the code, written with spaces or without."""
        return hmac.compare_digest(self.code(subject).encode(), "".join(given.split()).encode("utf-8", "replace"))


def _bytes(subject: Subject) -> bytes:
    return subject.account_id.to_bytes(_ID_BYTES) + subject.serial.to_bytes(_ID_BYTES)
