"""Keys for one purpose each, derived from a service's secret. Needs nothing but Python, as deploy/cluster.py does."""

import hashlib
import hmac


def derived_key(secret: str, purpose: str) -> bytes:
    """256 bits: HMAC-SHA-256 of the purpose under the secret. Neither the secret nor another key follows from it."""
    return hmac.digest(secret.encode(), purpose.encode(), hashlib.sha256)


def caller_key(secret: str, callee: str) -> str:
    """What proves the service with this secret to that one, which is told it in its CALLERS. In hexadecimal."""
    return derived_key(secret, f"calls to {callee}").hex()
