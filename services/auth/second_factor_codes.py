"""Codes of a second factor: those of an authenticator app (TOTP, RFC 6238), and recovery codes."""

import hashlib
import hmac
import secrets
from base64 import urlsafe_b64encode

import pyotp
from cryptography.fernet import Fernet, InvalidToken

from shared import clock

SECOND_FACTORS = "second factors"
"""The purpose of the key that encrypts secrets and hashes recovery codes."""
ISSUER = "Shutter"
"""The name that an authenticator app shows beside the code."""
STEP_MS = 30 * clock.SECOND
RECOVERY_CODES = 10
MAX_CODE_LENGTH = 32
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
"""Without letters and digits that are easily confused."""
_RECOVERY_CODE_LENGTH = 10


class SecondFactorCodes:
    """Makes and checks codes; secrets are encrypted and recovery codes hashed with keys that the database lacks."""

    def __init__(self, key: bytes) -> None:
        secrets_key, self._digests = (hmac.digest(key, name, hashlib.sha256) for name in (b"secrets", b"digests"))
        self._fernet = Fernet(urlsafe_b64encode(secrets_key))

    def seal(self, secret: str) -> bytes:
        """The secret as it is stored."""
        return self._fernet.encrypt(secret.encode())

    def step_of(self, sealed: bytes, code: str, after: int) -> int | None:
        """The time step of this code, if it is the previous, the current or the next step, and later than `after`.

        One step of tolerance is what RFC 6238, section 5.2, recommends. A secret encrypted with another key has none.
        """
        try:
            totp = pyotp.TOTP(self._fernet.decrypt(sealed).decode())
        except InvalidToken:
            return None
        current = clock.now() // STEP_MS
        steps = [each for each in (current, current - 1, current + 1) if each > after]
        return next((each for each in steps if hmac.compare_digest(totp.generate_otp(each), code)), None)

    def digest(self, account_id: int, recovery_code: str) -> bytes:
        """The stored form of a recovery code."""
        return hmac.digest(self._digests, f"{account_id} {recovery_code}".encode(), hashlib.sha256)


def new_secret() -> str:
    """A random secret of 160 bits in base32."""
    return pyotp.random_base32()


def provisioning_uri(secret: str, nickname: str) -> str:
    """The URI that an authenticator app reads from a QR code."""
    return pyotp.TOTP(secret).provisioning_uri(name=nickname, issuer_name=ISSUER)


def new_recovery_codes() -> list[str]:
    """Random codes of 49 bits."""
    codes = ["".join(secrets.choice(_ALPHABET) for _ in range(_RECOVERY_CODE_LENGTH)) for _ in range(RECOVERY_CODES)]
    return [f"{each[:5]}-{each[5:]}" for each in codes]


def normalized(code: str) -> str:
    """The code as it is compared: without spaces and case; a recovery code has its hyphen."""
    text = "".join(code.split()).lower().replace("-", "")
    return f"{text[:5]}-{text[5:]}" if len(text) == _RECOVERY_CODE_LENGTH else text
