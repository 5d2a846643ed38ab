"""The profile of access tokens (RFC 9068), shared by the issuer and the verifiers."""

from typing import Any

ALGORITHM = "EdDSA"
TYPE = "at+jwt"
REQUIRED_CLAIMS = ["exp", "iat", "sub", "aud", "iss", "jti", "sid"]

KeySet = dict[str, Any]
"""A JWK set (RFC 7517)."""

REVOKED_SESSIONS_HEADER = "x-ended-logins"
REVOKED_USER_HEADER = "x-ended-subject"
"""Response headers of auth that tell the gateway which tokens it has revoked."""

LOGIN_LIMITED_HEADER = "x-login-limited"
"""In a request from the gateway: too many wrong passwords came from this address, so that for this number of seconds it
may only log in to accounts that recently logged in from its network.
"""
