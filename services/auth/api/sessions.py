"""Logging in, the pair of tokens, and one's own logins."""

from fastapi import APIRouter, Request
from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from shared.errors import NotFound, Unauthenticated
from shared.identity import Required
from shared.ids import Id
from shared.web import answers, listing
from shared.web.bodies import StrictRoute
from shared.web.problems import documented

from .. import handles, queries
from ..actions import sessions
from ..actions.sessions import Login, Reused
from ..queries import Account
from . import schemas
from .parts import Here, Parts
from .proofs import is_right, own_account

router = APIRouter(prefix="/api/v1/auth", tags=["auth"], route_class=StrictRoute)


@router.post(
    "/login",
    response_model=schemas.Tokens,
    summary="Log in",
    responses=documented(400, 401, 413, 415, 422, 429),
)
async def log_in(body: schemas.LogIn, request: Request, here: Here) -> Response:
    """By email, nickname or phone. 401 `invalid_credentials`, whether or not there is such an account."""
    here.mint.check_ready()
    handle = handles.identifier(body.identifier, here.settings.default_region)
    account = await run_in_threadpool(_account, here, handle)
    tried = handle.value if handle else body.identifier
    password_hash = account.password_hash if account else None
    if not await is_right(here, tried, body.password, password_hash) or account is None:
        raise Unauthenticated("invalid_credentials", "These credentials are not right.")
    fresh = await here.passwords.hash(body.password) if here.passwords.is_outdated(account.password_hash) else None

    def enter(tx: Connection) -> Login:
        return sessions.log_in(tx, account.id, account.password_hash, fresh, body.device, _ip(request), here.lifetimes)

    return _tokens(here, await run_in_threadpool(here.database.write, enter))


@router.post(
    "/refresh",
    response_model=schemas.Tokens,
    summary="Get a new pair of tokens",
    responses=documented(400, 401, 413, 415, 422),
)
def refresh(body: schemas.Refresh, here: Here) -> Response:
    """The old one is spent. A spent one used again ends its whole login: 401 `refresh_token_reused`."""
    here.mint.check_ready()
    outcome = here.database.write(sessions.refresh, body.refresh_token, here.lifetimes)
    if isinstance(outcome, Reused):
        raise Unauthenticated("refresh_token_reused", "This token was used before; its login has been ended.")
    return _tokens(here, outcome)


@router.post("/logout", status_code=204, summary="Log out", responses=documented(401))
def log_out(identity: Required, here: Here) -> Response:
    """Ends this login at once, its access token included."""
    try:
        here.database.write(sessions.log_out, identity.subject, identity.login)
    except NotFound as problem:
        raise Unauthenticated("invalid_token", "This login has ended already.") from problem
    return answers.ending(answers.empty(), logins=[identity.login])


@router.get(
    "/sessions",
    response_model=schemas.Sessions,
    summary="One's own logins",
    responses=documented(400, 401, 422),
)
def list_sessions(request: Request, page: listing.Requested, identity: Required, here: Here) -> Response:
    """Newest first."""
    own_account(here, identity)
    return listing.answer(request, here.database.read(queries.sessions_of, identity.subject, identity.login, page))


@router.delete("/sessions/{session_id}", status_code=204, summary="End a login", responses=documented(401, 404))
def end_session(session_id: Id, identity: Required, here: Here) -> Response:
    """One's own, on another device."""
    own_account(here, identity)
    here.database.write(sessions.log_out, identity.subject, session_id)
    return answers.ending(answers.empty(), logins=[session_id])


def _account(here: Parts, handle: handles.Handle | None) -> Account | None:
    if handle is None:
        return None
    digest = handles.digest(here.handle_key, handle)
    return here.database.read(queries.account_by_handle, digest, handle.value)


def _tokens(here: Parts, login: Login) -> Response:
    return answers.ok(
        {
            "access_token": here.mint.access_token(login.account_id, login.session_id),
            "refresh_token": login.refresh_token,
            "token_type": "Bearer",
            "expires_in": here.mint.lifetime,
        }
    )


def _ip(request: Request) -> str:
    """The client's address as the gateway saw it; it replaces whatever a client sends."""
    forwarded = request.headers.get("x-forwarded-for", "").rpartition(",")[2].strip()
    return (forwarded or (request.client.host if request.client else ""))[:45]
