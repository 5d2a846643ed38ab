"""Keys derived from a service's secret, one for each purpose. Standard library only, for deploy/cluster.py."""

import hashlib
import hmac


def derived_key(secret: str, purpose: str) -> bytes:
    """256 bits:

    HMAC-SHA-256 of the purpose under the secret. Neither the secret nor other keys can be computed from it.
    """
    return hmac.digest(secret.encode(), purpose.encode(), hashlib.sha256)


def caller_key(secret: str, callee: str) -> str:
    """The key, in hexadecimal, with which a service calls `callee`; the callee has it in its CALLERS."""
    return derived_key(secret, f"calls to {callee}").hex()
