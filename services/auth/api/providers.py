"""Signing in, and signing up, with an OpenID Connect provider."""

from typing import Annotated

import structlog
from fastapi import APIRouter, Path, Request
from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from shared import clock
from shared.errors import AppError, Conflict, Invalid, NotFound, Unauthenticated
from shared.pagination import Page, PageRequest
from shared.problem_details import documented
from shared.web import pagination, responses
from shared.web.request_body import StrictRoute

from .. import handles, identity_queries, queries
from ..actions import audit_log, identities, login_throttle, networks, second_factor, sessions
from ..actions.accounts import Applicant, approval_pending
from ..actions.audit_log import AuditEvent
from ..actions.sessions import Client, Login
from ..handles import Handle
from ..identity_tokens import InvalidIdentityToken
from ..openid_client import CodeRefused
from ..passwords import NO_PASSWORD
from ..provider_config import Provider
from ..queries import Account
from ..sign_in_tokens import Continuation, ProvenIdentity
from . import logins, schemas
from . import provider_schemas as bodies
from .dependencies import Dependencies, Deps, address_of, language_of
from .sign_ups import admitted

router = APIRouter(prefix="/api/v1/auth/providers", tags=["auth"], route_class=StrictRoute)
ProviderPath = Annotated[str, Path(alias="provider", max_length=32)]
log = structlog.get_logger()


@router.get(
    "",
    response_model=bodies.Providers,
    summary="The providers that one can sign in with",
    responses=documented(400, 422),
)
def list_providers(request: Request, page: pagination.PageQuery, deps: Deps) -> Response:
    """OpenID Connect providers, in the order of the configuration."""
    return pagination.page_response(request, _page(list(deps.providers.providers.values()), page))


@router.post(
    "/{provider}/start",
    response_model=bodies.SignInStarted,
    summary="Begin to sign in with a provider",
    responses=documented(400, 404, 413, 415, 422),
)
async def start_sign_in(provider_id: ProviderPath, body: bodies.SignInStart, deps: Deps) -> Response:
    """The URL is for the browser, which comes back with `code` and `state`. 422 `invalid_redirect_uri`.

    Whoever finishes has to compare the state of the redirect with the one that it got here: otherwise somebody else's
    sign-in could be finished in this browser.
    """
    provider = configured(deps, provider_id)
    if body.redirect_uri not in provider.redirect_uris:
        raise Invalid.field("redirect_uri", "invalid_redirect_uri", "This URI is not configured for the provider.")
    state = deps.sign_in_tokens.new_state(provider.id, body.redirect_uri)
    url = await deps.providers.authorization_url(provider, state)
    return responses.ok({"authorization_url": url, "state": state.text})


@router.post(
    "/{provider}/finish",
    response_model=schemas.Tokens,
    summary="Sign in with a provider",
    responses=documented(400, 401, 403, 404, 409, 413, 415, 422, 429),
)
async def finish_sign_in(
    provider_id: ProviderPath, body: bodies.SignInFinish, request: Request, deps: Deps
) -> Response:
    """Tokens, if the identity is linked to an account. Else 409 with a `continuation`: `sign_up_required` for
    `.../sign-up`, or `link_required` if an account has this address: log in, and link it with
    `PUT /users/me/identities/{provider}`.

    401 `identity_refused` for a wrong code or token; `second_factor_required` if the account needs a code: send the
    `continuation` and `otp`. 403 `account_suspended`. 422 `invalid_state`, `invalid_continuation`; 503
    `provider_unavailable`.
    """
    deps.token_issuer.check_ready()
    provider, client = configured(deps, provider_id), Client(address_of(request), body.device)
    if "continuation" in body.model_fields_set:
        continuation = continuation_of(deps, provider, body.continuation)
        login = await run_in_threadpool(_enter_with_code, deps, continuation, body.otp, client, request)
        return logins.tokens(deps, login)
    identity = await _identity(deps, provider, body)
    return logins.tokens(deps, await run_in_threadpool(_enter, deps, identity, client))


@router.post(
    "/{provider}/sign-up",
    status_code=201,
    response_model=bodies.SignedUp,
    summary="Sign up with a provider",
    responses=documented(400, 403, 404, 409, 413, 415, 422),
)
def sign_up_with_provider(
    provider_id: ProviderPath, body: bodies.SignUpWithProvider, request: Request, deps: Deps
) -> Response:
    """An account without a password, for the identity of the continuation.

    403 `invitation_required`; `approval_pending`: the account is made, and a moderator has to approve it. 409
    `email_taken`, `nickname_taken`, `phone_taken`, `identity_taken`; 422 `invalid_continuation`, `email_required`,
    `invalid_invitation`.
    """
    deps.token_issuer.check_ready()
    provider = configured(deps, provider_id)
    continuation = continuation_of(deps, provider, body.continuation)
    nickname = handles.nickname(body.nickname)
    phone = handles.phone(body.phone, deps.settings.default_region) if body.phone is not None else None
    confirmed = confirmed_email(continuation.identity)
    email = handles.email(body.email) if body.email is not None else confirmed
    if email is None:
        raise Invalid.field("email", "email_required", "The provider has confirmed no address; give one.")
    client = Client(address_of(request), body.device)
    invitation, pending = admitted(deps, body.invitation)
    language = body.language or language_of(request)
    applicant = Applicant(email, nickname, phone, body.name, NO_PASSWORD, language, invitation, pending=pending)

    def register(tx: Connection) -> tuple[Account, Login | None]:
        is_confirmed = email == confirmed
        account = identities.sign_up(
            tx, applicant, continuation, deps.handle_key, client.ip, email_verified=is_confirmed
        )
        return account, None if pending else _log_in(tx, deps, account, client)

    account, login = deps.database.write(register)
    if login is None:
        raise approval_pending()
    answer = {**queries.account_json(account), **logins.pair(deps, login)}
    return responses.to_response(responses.created(answer, "/api/v1/users/me"))


def configured(deps: Dependencies, provider_id: str) -> Provider:
    """The provider with this id. Raises NotFound."""
    provider = deps.providers.providers.get(provider_id)
    if provider is None:
        raise NotFound("not_found", "There is no such provider.")
    return provider


def continuation_of(deps: Dependencies, provider: Provider, text: str) -> Continuation:
    """The continuation of this text. Raises Invalid if it is not one of this provider as it is configured now."""
    continuation = deps.sign_in_tokens.read_continuation(text, provider.id)
    if continuation is None or continuation.identity.issuer != provider.issuer:
        raise identities.invalid_continuation()
    return continuation


def confirmed_email(identity: ProvenIdentity) -> Handle | None:
    """The address that the provider has confirmed; None if there is none, or none that we accept."""
    try:
        return None if identity.email is None else handles.email(identity.email)
    except Invalid:
        return None


async def _identity(deps: Dependencies, provider: Provider, body: bodies.SignInFinish) -> ProvenIdentity:
    """Who has signed in. The state is used up first: a code and a token count only with a fresh one."""
    state = deps.sign_in_tokens.read_state(body.state, provider.id, provider.redirect_uris)
    if state is None:
        raise identities.invalid_state()
    await run_in_threadpool(deps.database.write, identities.use_state, state)
    try:
        return await deps.providers.identity(provider, state, body.code)
    except (CodeRefused, InvalidIdentityToken) as problem:
        log.info("identity refused", provider=provider.id, reason=str(problem))
        raise Unauthenticated("identity_refused", "The provider has not confirmed this sign-in.") from problem


def _enter(deps: Dependencies, identity: ProvenIdentity, client: Client) -> Login:
    """Raises Unauthenticated if a code is needed, Conflict if the identity has no account."""

    def enter(tx: Connection) -> Login | AppError:
        account = identities.account_of(tx, identity)
        if account is None:
            return _unknown(tx, deps, identity)
        if account.second_factor:
            detail = "Send the code of the authenticator app or a recovery code, with the continuation."
            return Unauthenticated("second_factor_required", detail, extensions=_going_on(deps, identity))
        return _log_in(tx, deps, account, client)

    outcome = deps.database.write(enter)
    if isinstance(outcome, AppError):
        raise outcome
    return outcome


def _unknown(connection: Connection, deps: Dependencies, identity: ProvenIdentity) -> Conflict:
    """Never linked by an equal address alone: whoever registers an address at a provider may not be its owner here."""
    email = confirmed_email(identity)
    digest = None if email is None else handles.digest(deps.handle_key, email)
    holder = None if digest is None or email is None else queries.account_by_handle(connection, digest, email.value)
    if holder is not None:
        detail = "An account has this address: log in, and link the provider in the settings."
        return Conflict("link_required", detail, extensions=_going_on(deps, identity))
    about = {"name": identity.name, "email": email.value if email else None}
    return Conflict("sign_up_required", "Choose a nickname.", extensions=_going_on(deps, identity) | about)


def _going_on(deps: Dependencies, identity: ProvenIdentity) -> dict[str, str | None]:
    return {"continuation": deps.sign_in_tokens.continuation(identity)}


def _enter_with_code(
    deps: Dependencies, continuation: Continuation, otp: str, client: Client, request: Request
) -> Login:
    """The second step. Wrong codes are counted as wrong passwords are, by identity."""
    row = deps.database.read(identity_queries.identity_by_digest, continuation.identity.digest)
    account_id = row.account_id if row else 0
    since = clock.now() - networks.KNOWN_FOR_MS
    network = deps.database.read(queries.known_network, account_id, networks.networks_of(client.ip), since)
    logins.refuse_limited(request, network)
    key = deps.throttle_key_of(logins.counted_under(f"identity {continuation.identity.digest.hex()}", network))
    deps.database.write(login_throttle.begin_attempt, key)

    def enter(tx: Connection) -> Login | None:
        account = identities.account_of(tx, continuation.identity)
        if account is None or not account.second_factor:
            raise identities.invalid_continuation()
        if not second_factor.is_correct(tx, account.id, otp, deps.second_factor_codes):
            audit_log.record_failed_login(tx, account.id, client.ip, client.device, AuditEvent.SECOND_FACTOR_FAILED)
            login_throttle.record_failure(tx, key)
            return None
        identities.use_continuation(tx, continuation)
        second_factor.use(tx, account.id, otp, deps.second_factor_codes)
        login_throttle.record_success(tx, key)
        return _log_in(tx, deps, account, client)

    try:
        login = deps.database.write(enter)
    except AppError:  # no wrong code: there is nothing to log in to, or the account is suspended
        deps.database.write(login_throttle.abandon_attempt, key)
        raise
    if login is None:
        raise second_factor.invalid_otp()
    return login


def _log_in(tx: Connection, deps: Dependencies, account: Account, client: Client) -> Login:
    return sessions.log_in(tx, account.id, account.password_hash, None, client, deps.lifetimes, deps.refresh_tokens)


def _page(providers: list[Provider], page: PageRequest) -> Page:
    """The page of this list, whose position is a number."""
    start = 0 if page.after is None else page.after[0] + 1
    rows = list(enumerate(providers))[start : start + page.limit + 1]
    return Page.of(rows, page, lambda row: {"id": row[1].id, "name": row[1].name}, lambda row: (row[0],))
