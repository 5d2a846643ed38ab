"""The profile of access tokens (RFC 9068), shared by the issuer and the verifiers."""

from typing import Any

from shared.errors import Forbidden

ALGORITHM = "EdDSA"
TYPE = "at+jwt"
MEMBER, MODERATOR, ADMIN = ROLES = ("member", "moderator", "admin")
"""The values of the claim `role`. Each may do what those before it may."""
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


def role_required(role: str) -> Forbidden:
    """The error for a user with a lower role."""
    return Forbidden("role_required", f"This needs the role {role}, or a higher one.")
