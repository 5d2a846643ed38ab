"""Passkeys (WebAuthn): adding and removing one's own, and logging in with one.

A passkey verifies its user by a PIN, a fingerprint or a face. So a login with it has two factors, and needs no code.
"""

from fastapi import APIRouter, Request
from sqlalchemy import Connection
from starlette.responses import Response

from shared import clock, ids
from shared.errors import Conflict, Invalid
from shared.ids import Id
from shared.problem_details import documented
from shared.security.verifier import Identity
from shared.web import pagination, responses
from shared.web.authentication import CurrentUser
from shared.web.request_body import StrictRoute

from .. import queries
from ..actions import accounts, audit_log, networks, passkeys, sessions
from ..actions.audit_log import AuditEvent
from ..actions.sessions import Client, Login
from ..relying_party import LOGIN, Binding, InvalidPasskey, Purpose, credential_id
from . import logins, schemas, webauthn_schemas
from . import passkey_schemas as bodies
from .dependencies import Deps, address_of, origin_of
from .reauthentication import PasskeyCheck, current_account, invalid_passkey, proven_account, with_passkey

router = APIRouter(prefix="/api/v1/auth/passkeys", tags=["auth"], route_class=StrictRoute)


@router.post(
    "/registration",
    response_model=webauthn_schemas.CreationOptions,
    summary="Begin to add a passkey",
    responses=documented(400, 401, 403, 409, 413, 415, 422, 429),
)
async def begin_passkey(body: bodies.PasskeyBeginning, request: Request, identity: CurrentUser, deps: Deps) -> Response:
    """Options for `navigator.credentials.create`, valid for 5 minutes.

    403 `wrong_password`, `invalid_passkey`; 409 `too_many_passkeys`.
    """
    with deps.passwords.slot(in_session=True):
        proven = await proven_account(deps, identity, body, origin_of(request, identity))
        registered = await deps.passwords.run_in_thread(deps.database.read, passkeys.check_room, proven.id)
    options = deps.relying_party.registration_options(_registration(identity), proven.nickname, proven.name, registered)
    return responses.ok(options)


@router.post(
    "/registration/verify",
    status_code=201,
    response_model=bodies.Passkey,
    summary="Add a passkey",
    responses=documented(400, 401, 409, 413, 415, 422),
)
def add_passkey(body: bodies.NewPasskey, request: Request, identity: CurrentUser, deps: Deps) -> Response:
    """With what the authenticator has made of the options. 422 `invalid_passkey`; 409 `passkey_exists`,
    `too_many_passkeys`.
    """
    current_account(deps, identity)
    origin = origin_of(request, identity)
    try:
        registered = deps.relying_party.verify_registration(body.passkey.as_json(), _registration(identity))
        row = deps.database.write(passkeys.add, identity.subject, body.name, registered, origin)
    except InvalidPasskey as problem:
        raise Invalid.field("passkey", "invalid_passkey", invalid_passkey(problem).detail) from problem
    location = f"/api/v1/auth/passkeys/{ids.encode(row.id)}"
    return responses.to_response(responses.created(queries.passkey_json(row), location))


@router.post(
    "/reauthentication",
    response_model=webauthn_schemas.RequestOptions,
    summary="Begin to confirm a change with a passkey",
    responses=documented(401, 409),
)
def begin_reauthentication(identity: CurrentUser, deps: Deps) -> Response:
    """Options for `navigator.credentials.get`, valid for 5 minutes.

    The answer is the field `passkey` of a request that needs the password or a passkey. 409 `no_passkey`.
    """
    account = current_account(deps, identity)
    registered = deps.database.read(queries.credential_ids_of, account.id)
    if not registered:
        raise Conflict("no_passkey", "This account has no passkey.")
    binding = Binding(Purpose.REAUTHENTICATION, account.id, identity.session_id)
    return responses.ok(deps.relying_party.request_options(binding, registered))


@router.post(
    "/login",
    response_model=webauthn_schemas.RequestOptions,
    summary="Begin to log in with a passkey",
    responses=documented(),
)
async def begin_passkey_login(deps: Deps) -> Response:
    """Options for `navigator.credentials.get`, valid for 5 minutes.

    The answer is for `POST /auth/passkeys/login/verify`, or the field `passkey` of `POST /auth/login`.
    """
    return responses.ok(deps.relying_party.request_options(LOGIN))


@router.post(
    "/login/verify",
    response_model=schemas.Tokens,
    summary="Log in with a passkey",
    responses=documented(400, 401, 403, 413, 415, 422, 429),
)
def log_in_with_passkey(body: bodies.PasskeyLogIn, request: Request, deps: Deps) -> Response:
    """401 `invalid_passkey`; 403 `account_suspended`. Needs no code, also if the account has a second factor."""
    deps.token_issuer.check_ready()
    client = Client(address_of(request), body.device)
    try:
        given = credential_id(body.passkey.as_json())
        passkey = deps.database.read(queries.passkey_by_credential, given)
        account_id = passkey.account_id if passkey else None
        since = clock.now() - networks.KNOWN_FOR_MS
        network = deps.database.read(queries.known_network, account_id or 0, networks.networks_of(client.ip), since)
        logins.refuse_limited(request, network)

        def failed(tx: Connection) -> None:
            audit_log.record_failed_login(tx, account_id, client.ip, client.device, AuditEvent.PASSKEY_FAILED)

        def enter(tx: Connection, account_id: int) -> Login:
            account = accounts.lock(tx, account_id)
            lifetimes, tokens = deps.lifetimes, deps.refresh_tokens
            return sessions.log_in(tx, account.id, account.password_hash, None, client, lifetimes, tokens)

        identifier = f"passkey {ids.encode(passkey.id)}" if passkey else f"credential {given.hex()}"
        counted_under = logins.counted_under(identifier, network)
        login = with_passkey(deps, PasskeyCheck(counted_under, body.passkey, LOGIN, account_id, failed), enter)
    except InvalidPasskey as problem:
        raise invalid_passkey(problem) from problem
    return logins.tokens(deps, login)


@router.get(
    "",
    response_model=bodies.Passkeys,
    summary="One's own passkeys",
    responses=documented(400, 401, 422),
)
def list_passkeys(request: Request, page: pagination.PageQuery, identity: CurrentUser, deps: Deps) -> Response:
    """Newest first."""
    current_account(deps, identity)
    return pagination.page_response(request, deps.database.read(queries.passkeys_of, identity.subject, page))


@router.delete(
    "/{passkey_id}",
    status_code=204,
    summary="Remove a passkey",
    responses=documented(400, 401, 403, 404, 413, 415, 422, 429),
)
async def remove_passkey(
    passkey_id: Id, body: bodies.PasskeyRemoval, request: Request, identity: CurrentUser, deps: Deps
) -> Response:
    """403 `wrong_password`, `invalid_passkey`."""
    origin = origin_of(request, identity)
    with deps.passwords.slot(in_session=True):
        proven = await proven_account(deps, identity, body, origin)
        await deps.passwords.run_in_thread(deps.database.write, passkeys.remove, proven, passkey_id, origin)
    return responses.empty()


def _registration(identity: Identity) -> Binding:
    return Binding(Purpose.REGISTRATION, identity.subject, identity.session_id)
