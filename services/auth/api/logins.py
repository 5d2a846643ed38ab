"""What every way of logging in has in common: the limit of an address, and the pair of tokens."""

from typing import Any

from fastapi import Request
from starlette.responses import Response

from shared.errors import TooManyRequests
from shared.security.access_tokens import LOGIN_LIMITED_HEADER
from shared.web import responses

from ..actions.sessions import Login
from .dependencies import Dependencies


def refuse_limited(request: Request, network: str | None) -> None:
    """Raises TooManyRequests if the address has failed too often; not for a network that the account knows."""
    seconds = request.headers.get(LOGIN_LIMITED_HEADER, "")
    if network is None and seconds.isdecimal():
        detail = "Too many wrong passwords from this address."
        raise TooManyRequests("rate_limited", detail, retry_after=int(seconds))


def counted_under(identifier: str, network: str | None) -> str:
    """The name of the counter of failures: those from a network that the account knows are counted apart."""
    return identifier if network is None else f"{identifier} from {network}"


def tokens(deps: Dependencies, login: Login) -> Response:
    """200 with the pair of tokens."""
    return responses.ok(pair(deps, login))


def pair(deps: Dependencies, login: Login) -> dict[str, Any]:
    """The pair of tokens."""
    return {
        "access_token": deps.token_issuer.access_token(
            login.account_id, login.session_id, email_verified=login.email_verified, role=login.role
        ),
        "refresh_token": login.refresh_token,
        "token_type": "Bearer",
        "expires_in": deps.token_issuer.lifetime,
    }
