"""Logging in, the pair of tokens, and the user's own sessions."""

from functools import partial

from fastapi import APIRouter, Request
from sqlalchemy import Connection
from starlette.responses import Response

from shared import clock
from shared.errors import NotFound, Unauthenticated
from shared.ids import Id
from shared.problem_details import documented
from shared.web import pagination, responses
from shared.web.authentication import CurrentUser
from shared.web.request_body import StrictRoute

from .. import handles, queries, relying_party
from ..actions import audit_log, networks, passkeys, second_factor, sessions
from ..actions.audit_log import AuditEvent
from ..actions.sessions import Client, Login, Reused
from ..passwords import normalized
from ..queries import Account
from ..relying_party import LOGIN, InvalidPasskey
from . import logins, schemas
from .dependencies import Dependencies, Deps, address_of
from .reauthentication import Incomplete, PasswordCheck, current_account, invalid_passkey, matching_form

# Looked up if the identifier is not a handle.
NO_HANDLE = handles.Handle("none", "")

router = APIRouter(prefix="/api/v1/auth", tags=["auth"], route_class=StrictRoute)


@router.post(
    "/login",
    response_model=schemas.Tokens,
    summary="Log in",
    responses=documented(400, 401, 403, 413, 415, 422, 429),
)
async def log_in(body: schemas.LogIn, request: Request, deps: Deps) -> Response:
    """By email, nickname or phone. 401 `invalid_credentials`, whether or not there is such an account.

    With a second factor, 401 `second_factor_required` if the password is correct and both `otp` and `passkey` are
    missing; `invalid_otp` or `invalid_passkey` if that is wrong or was used. 403 `account_suspended` if all that is
    right.
    """
    deps.token_issuer.check_ready()
    if body.passkey is not None:
        await deps.passwords.run_in_thread(relying_party.load)
    with deps.passwords.slot():
        client = Client(address_of(request), body.device)
        account, form = await _proven(body, request, client, deps)
        outdated = deps.passwords.is_outdated(account.password_hash) or form != normalized(form)
        fresh = await deps.passwords.hash(body.password) if outdated else None

        def enter(tx: Connection) -> Login:
            login = sessions.log_in(
                tx, account.id, account.password_hash, fresh, client, deps.lifetimes, deps.refresh_tokens
            )
            if account.second_factor:
                _use_second_factor(tx, deps, account, body)
            return login

        return logins.tokens(deps, await deps.passwords.run_in_thread(deps.database.write, enter))


@router.post(
    "/refresh",
    response_model=schemas.Tokens,
    summary="Get a new pair of tokens",
    responses=documented(400, 401, 413, 415, 422),
)
def refresh(body: schemas.Refresh, request: Request, deps: Deps) -> Response:
    """The old token is spent. If it is used again within 10 s, the response has the same new token; later it ends its
    session: 401 `refresh_token_reused`.
    """
    deps.token_issuer.check_ready()
    ip = address_of(request)
    outcome = deps.database.write(sessions.refresh, body.refresh_token, ip, deps.lifetimes, deps.refresh_tokens)
    if isinstance(outcome, Reused):
        raise Unauthenticated("refresh_token_reused", "This token was used before; its session has been ended.")
    return logins.tokens(deps, outcome)


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


@router.delete("/sessions", status_code=204, summary="End all other sessions", responses=documented(401))
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
    summary="The audit log of one's account",
    responses=documented(400, 401, 422),
)
def list_events(request: Request, page: pagination.PageQuery, identity: CurrentUser, deps: Deps) -> Response:
    """Logins, failures, changes and ended sessions of the last 90 days, newest first. More types may be added."""
    current_account(deps, identity)
    return pagination.page_response(request, deps.database.read(queries.audit_log_of, identity.subject, page))


async def _proven(body: schemas.LogIn, request: Request, client: Client, deps: Dependencies) -> tuple[Account, str]:
    """The account, and the form of the password that is correct. Raises Unauthenticated."""
    handle = handles.identifier(body.identifier, deps.settings.default_region)
    account, network = await deps.passwords.run_in_thread(_account, deps, handle, client.ip)
    logins.refuse_limited(request, network)

    def failed(tx: Connection) -> None:
        audit_log.record_failed_login(tx, account.id if account else None, client.ip, client.device)

    identifier = f"{handle.kind} {handle.value}" if handle else f"text {body.identifier}"
    check = PasswordCheck(
        logins.counted_under(identifier, network),
        account.password_hash if account else None,
        failed,
        partial(_second_step, deps, account, body, client),
    )
    form = await matching_form(deps, check, body.password)
    if form is None or account is None:
        raise Unauthenticated("invalid_credentials", "These credentials are wrong.")
    return account, form


def _second_step(
    deps: Dependencies, account: Account | None, body: schemas.LogIn, client: Client, tx: Connection
) -> Incomplete | None:
    """Check the passkey or the code, if the account has a second factor."""
    if account is None or not account.second_factor:
        return None
    if body.otp is None and body.passkey is None:
        detail = "Send the code of the authenticator app, a recovery code, or a passkey."
        return Incomplete(Unauthenticated("second_factor_required", detail), counts=False)
    problem = _fault_of_second_factor(tx, deps, account, body)
    if problem is None:
        return None
    audit_log.record_failed_login(tx, account.id, client.ip, client.device, AuditEvent.SECOND_FACTOR_FAILED)
    return Incomplete(problem, counts=True)


def _fault_of_second_factor(
    tx: Connection, deps: Dependencies, account: Account, body: schemas.LogIn
) -> Unauthenticated | None:
    if body.passkey is not None:
        try:
            passkeys.verify(tx, deps.relying_party, body.passkey.as_json(), LOGIN, account.id)
        except InvalidPasskey as problem:
            return invalid_passkey(problem)
        return None
    is_correct = second_factor.is_correct(tx, account.id, body.otp or "", deps.second_factor_codes)
    return None if is_correct else second_factor.invalid_otp()


def _use_second_factor(tx: Connection, deps: Dependencies, account: Account, body: schemas.LogIn) -> None:
    """Use up the passkey's answer or the code. Raises Unauthenticated if another login was faster."""
    if body.passkey is None:
        second_factor.use(tx, account.id, body.otp or "", deps.second_factor_codes)
        return
    try:
        answer = body.passkey.as_json()
        passkeys.use(tx, passkeys.verify(tx, deps.relying_party, answer, LOGIN, account.id))
    except InvalidPasskey as problem:
        raise invalid_passkey(problem) from problem


def _account(deps: Dependencies, handle: handles.Handle | None, ip: str) -> tuple[Account | None, str | None]:
    """The account with this handle, and the network of this address if it has logged in from there recently."""
    # The same statements whether or not there is an account: the duration must not reveal it.
    digest = handles.digest(deps.handle_key, handle or NO_HANDLE)
    account = deps.database.read(queries.account_by_handle, digest, handle.value if handle else "")
    since = clock.now() - networks.KNOWN_FOR_MS
    account_id = account.id if account else 0
    return account, deps.database.read(queries.known_network, account_id, networks.networks_of(ip), since)
