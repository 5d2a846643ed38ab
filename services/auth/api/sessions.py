"""Logging in, the pair of tokens, and the user's own sessions."""

from fastapi import APIRouter, Request
from sqlalchemy import Connection
from starlette.responses import Response

from shared import clock
from shared.errors import NotFound, TooManyRequests, Unauthenticated
from shared.ids import Id
from shared.problem_details import documented
from shared.security.access_tokens import LOGIN_LIMITED_HEADER
from shared.web import pagination, responses
from shared.web.authentication import CurrentUser
from shared.web.request_body import StrictRoute

from .. import handles, queries
from ..actions import audit_log, networks, sessions
from ..actions.sessions import Client, Login, Reused
from ..passwords import normalized
from ..queries import Account
from . import schemas
from .dependencies import Dependencies, Deps, address_of
from .reauthentication import PasswordCheck, current_account, matching_form

# Looked up if the identifier is not a handle.
NO_HANDLE = handles.Handle("none", "")

router = APIRouter(prefix="/api/v1/auth", tags=["auth"], route_class=StrictRoute)


@router.post(
    "/login",
    response_model=schemas.Tokens,
    summary="Log in",
    responses=documented(400, 401, 413, 415, 422, 429),
)
async def log_in(body: schemas.LogIn, request: Request, deps: Deps) -> Response:
    """By email, nickname or phone. 401 `invalid_credentials`, whether or not there is such an account."""
    deps.token_issuer.check_ready()
    with deps.passwords.slot():
        client = Client(address_of(request), body.device)
        account, form = await _proven(body, request, client, deps)
        outdated = deps.passwords.is_outdated(account.password_hash) or form != normalized(form)
        fresh = await deps.passwords.hash(body.password) if outdated else None

        def enter(tx: Connection) -> Login:
            return sessions.log_in(
                tx, account.id, account.password_hash, fresh, client, deps.lifetimes, deps.refresh_tokens
            )

        return _tokens(deps, await deps.passwords.run_in_thread(deps.database.write, enter))


@router.post(
    "/refresh",
    response_model=schemas.Tokens,
    summary="Get a new pair of tokens",
    responses=documented(400, 401, 413, 415, 422),
)
def refresh(body: schemas.Refresh, request: Request, deps: Deps) -> Response:
    """The old one is spent. Used again within 10 s, it returns the same new one; later it ends its session.

    401 `refresh_token_reused`.
    """
    deps.token_issuer.check_ready()
    ip = address_of(request)
    outcome = deps.database.write(sessions.refresh, body.refresh_token, ip, deps.lifetimes, deps.refresh_tokens)
    if isinstance(outcome, Reused):
        raise Unauthenticated("refresh_token_reused", "This token was used before; its session has been ended.")
    return _tokens(deps, outcome)


@router.post("/logout", status_code=204, summary="Log out", responses=documented(401))
def log_out(request: Request, identity: CurrentUser, deps: Deps) -> Response:
    """Ends this session at once, its access token included."""
    try:
        deps.database.write(sessions.log_out, identity.subject, identity.session_id, address_of(request))
    except NotFound as problem:
        raise Unauthenticated("invalid_token", "This session has already ended.") from problem
    return responses.with_revocations(responses.empty(), logins=[identity.session_id])


@router.get(
    "/sessions",
    response_model=schemas.Sessions,
    summary="One's own logins",
    responses=documented(400, 401, 422),
)
def list_sessions(request: Request, page: pagination.PageQuery, identity: CurrentUser, deps: Deps) -> Response:
    """Newest first."""
    current_account(deps, identity)
    return pagination.page_response(
        request, deps.database.read(queries.sessions_of, identity.subject, identity.session_id, page)
    )


@router.delete("/sessions", status_code=204, summary="End all other logins", responses=documented(401))
def end_other_sessions(request: Request, identity: CurrentUser, deps: Deps) -> Response:
    """All of the user's sessions but this one, at once, their access tokens included."""
    ended = deps.database.write(sessions.end_others, identity.subject, identity.session_id, address_of(request))
    return responses.with_revocations(responses.empty(), logins=ended)


@router.delete("/sessions/{session_id}", status_code=204, summary="End a login", responses=documented(401, 404))
def end_session(session_id: Id, request: Request, identity: CurrentUser, deps: Deps) -> Response:
    """A session of the user on another device."""
    current_account(deps, identity)
    deps.database.write(sessions.end_other, identity.subject, session_id, address_of(request))
    return responses.with_revocations(responses.empty(), logins=[session_id])


@router.get(
    "/events",
    response_model=schemas.Events,
    summary="What was done with one's account",
    responses=documented(400, 401, 422),
)
def list_events(request: Request, page: pagination.PageQuery, identity: CurrentUser, deps: Deps) -> Response:
    """Logins, failures, changes and ended sessions of the last 90 days, newest first. More types may be added."""
    current_account(deps, identity)
    return pagination.page_response(request, deps.database.read(queries.trail_of, identity.subject, page))


async def _proven(body: schemas.LogIn, request: Request, client: Client, deps: Dependencies) -> tuple[Account, str]:
    """The account, and the form of the password that is right.

    Raises Unauthenticated, also if there is no such account.
    """
    handle = handles.identifier(body.identifier, deps.settings.default_region)
    account, network = await deps.passwords.run_in_thread(_account, deps, handle, client.ip)
    limited_seconds = request.headers.get(LOGIN_LIMITED_HEADER, "")
    if network is None and limited_seconds.isdecimal():
        detail = "Too many wrong passwords from this address."
        raise TooManyRequests("rate_limited", detail, retry_after=int(limited_seconds))

    def failed(tx: Connection) -> None:
        audit_log.record_failed_login(tx, account.id if account else None, client.ip, client.device)

    counted_under = f"{handle.kind} {handle.value}" if handle else f"text {body.identifier}"
    if network is not None:
        counted_under += f" from {network}"
    check = PasswordCheck(counted_under, account.password_hash if account else None, failed)
    form = await matching_form(deps, check, body.password)
    if form is None or account is None:
        raise Unauthenticated("invalid_credentials", "These credentials are wrong.")
    return account, form


def _account(deps: Dependencies, handle: handles.Handle | None, ip: str) -> tuple[Account | None, str | None]:
    """The account with this handle, and the network of this address if it has logged in from there recently."""
    # The same statements whether or not there is an account: the duration must not tell.
    digest = handles.digest(deps.handle_key, handle or NO_HANDLE)
    account = deps.database.read(queries.account_by_handle, digest, handle.value if handle else "")
    since = clock.now() - networks.KNOWN_FOR
    account_id = account.id if account else 0
    return account, deps.database.read(queries.known_network, account_id, networks.networks_of(ip), since)


def _tokens(deps: Dependencies, login: Login) -> Response:
    return responses.ok(
        {
            "access_token": deps.token_issuer.access_token(login.account_id, login.session_id),
            "refresh_token": login.refresh_token,
            "token_type": "Bearer",
            "expires_in": deps.token_issuer.lifetime,
        }
    )
