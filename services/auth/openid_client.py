"""Calls to OpenID Connect providers: discovery, keys, and the exchange of a code for an identity token.

Every response is bounded in size and time, and no redirect is followed. What discovery names has to be https, except
where the issuer itself is this machine, in development.
"""

import asyncio
import time
from base64 import b64encode
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import quote_plus, urlencode

import orjson
import structlog
from anyio import to_thread

from shared.errors import Unavailable
from shared.security.service_calls import ssl_context_for

from . import identity_tokens
from .identity_tokens import Claims, Expected, UnknownKey
from .provider_config import Provider, is_allowed, is_local
from .sign_in_tokens import ProvenIdentity, State

if TYPE_CHECKING:
    import httpx

TOTAL_SECONDS = 4.0
"""For everything that one request needs of a provider: less than the gateway waits for a response."""
MAX_RESPONSE_BYTES = 64 * 1024
MAX_KEYS = 50
MAX_CONNECTIONS = 20
METADATA_SECONDS = 3600.0
"""How long discovery and keys are kept. After that old ones serve while the provider cannot be reached."""
RETRY_SECONDS = 5.0
"""How long a provider that failed is not asked again for what is kept."""
REFETCH_SECONDS = 30.0
"""How soon an unknown key id makes us fetch the keys again."""
DISCOVERY_PATH = "/.well-known/openid-configuration"
log = structlog.get_logger()


class CodeRefused(Exception):
    """The provider does not accept the code. The message says why, for the log."""


@dataclass
class _Cached:
    """A document that is fetched again after a while."""

    value: Any = None
    fetched_at: float = float("-inf")
    tried_at: float = float("-inf")
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class OpenIdClient:
    """The providers of this instance, by their ids."""

    def __init__(self, providers: Sequence[Provider], *, allow_http: bool) -> None:
        self.providers: Mapping[str, Provider] = {each.id: each for each in providers}
        self.patience = TOTAL_SECONDS
        self._allow_http = allow_http
        self._metadata = {each.id: _Cached() for each in providers}
        self._keys = {each.id: _Cached() for each in providers}
        self._https: dict[bool, httpx.AsyncClient] = {}

    async def authorization_url(self, provider: Provider, state: State) -> str:
        """Where the browser goes to sign in. Raises Unavailable."""
        async with _within(self.patience):
            metadata = await self._discover(provider)
        query = {
            "response_type": "code",
            "client_id": provider.client_id,
            "redirect_uri": state.redirect_uri,
            "scope": provider.scopes,
            "state": state.text,
            "nonce": state.nonce,
            "code_challenge": state.challenge,
            "code_challenge_method": "S256",
        }
        endpoint = str(metadata["authorization_endpoint"])
        return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(query)}"

    async def identity(self, provider: Provider, state: State, code: str) -> ProvenIdentity:
        """Who has signed in. Raises CodeRefused, InvalidIdentityToken, Unavailable."""
        async with _within(self.patience):
            metadata = await self._discover(provider)
            answer = await self._exchange(provider, metadata, state, code)
            token, access_token = answer.get("id_token"), answer.get("access_token")
            if not isinstance(token, str):
                raise CodeRefused("no identity token; the scope openid is missing, or the provider has it switched off")
            expected = Expected(
                metadata["issuer"],
                provider.client_id,
                state.nonce,
                access_token if isinstance(access_token, str) else None,
            )
            claims = await self._verified(provider, metadata, token, expected)
        return ProvenIdentity(provider.id, provider.issuer, claims.subject, claims.email, claims.name)

    async def close(self) -> None:
        """Close the connections."""
        for client in self._https.values():
            await client.aclose()

    async def _verified(
        self, provider: Provider, metadata: Mapping[str, Any], token: str, expected: Expected
    ) -> Claims:
        keys = await self._fetch_keys(provider, metadata, METADATA_SECONDS)
        try:
            return await to_thread.run_sync(identity_tokens.verify, token, expected, keys)
        except UnknownKey:
            keys = await self._fetch_keys(provider, metadata, REFETCH_SECONDS)
            return await to_thread.run_sync(identity_tokens.verify, token, expected, keys)

    async def _discover(self, provider: Provider) -> Mapping[str, Any]:
        async def fetch() -> dict[str, Any]:
            document = await self._get(provider, provider.issuer.rstrip("/") + DISCOVERY_PATH)
            if document.get("issuer") != provider.issuer:
                raise ValueError("the discovery document is of another issuer")
            for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
                self._check_endpoint(provider, name, document.get(name))
            return document

        found: Mapping[str, Any] = await self._kept(provider, self._metadata[provider.id], METADATA_SECONDS, fetch)
        return found

    async def _fetch_keys(
        self, provider: Provider, metadata: Mapping[str, Any], max_age: float
    ) -> list[dict[str, Any]]:
        async def fetch() -> list[dict[str, Any]]:
            keys = (await self._get(provider, metadata["jwks_uri"])).get("keys")
            if not isinstance(keys, list) or len(keys) > MAX_KEYS:
                raise ValueError("no list of keys, or too many")
            return [each for each in keys if isinstance(each, dict)]

        found: list[dict[str, Any]] = await self._kept(provider, self._keys[provider.id], max_age, fetch)
        return found

    async def _kept(
        self, provider: Provider, cached: _Cached, max_age: float, fetch: Callable[[], Awaitable[Any]]
    ) -> Any:
        """What is kept if it is young enough, else fetched. Raises Unavailable if there is none."""
        async with cached.lock:  # of many requests at once, one asks the provider
            now = time.monotonic()
            if now - cached.fetched_at < max_age:
                return cached.value
            if now - cached.tried_at < RETRY_SECONDS:
                if cached.value is None:
                    raise _unavailable()
                return cached.value
            cached.tried_at = now
            try:
                cached.value = await fetch()
                cached.fetched_at = time.monotonic()
            except ValueError as problem:
                log.warning("provider failed", provider=provider.id, reason=repr(problem)[:300])
                if cached.value is None:
                    raise _unavailable() from problem
            return cached.value

    async def _exchange(
        self, provider: Provider, metadata: Mapping[str, Any], state: State, code: str
    ) -> dict[str, Any]:
        """The token response (OpenID Connect Core, section 3.1.3)."""
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": state.redirect_uri,
            "code_verifier": state.verifier,
        }
        headers = {"accept": "application/json"}
        _authenticate(provider, metadata, form, headers)
        try:
            status, content = await self._ask(provider, "POST", metadata["token_endpoint"], data=form, headers=headers)
            answer = _json_object(content)
        except ValueError as problem:
            log.warning("provider failed", provider=provider.id, reason=repr(problem)[:300])
            raise _unavailable() from problem
        if status in (HTTPStatus.BAD_REQUEST, HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
            raise CodeRefused(f"status {status}, {str(answer.get('error'))[:100]!r}")
        if status != HTTPStatus.OK:
            log.warning("provider failed", provider=provider.id, reason=f"status {status} of the token endpoint")
            raise _unavailable()
        return answer

    async def _get(self, provider: Provider, url: str) -> dict[str, Any]:
        status, content = await self._ask(provider, "GET", url, headers={"accept": "application/json"})
        if status != HTTPStatus.OK:
            raise ValueError(f"status {status}")
        return _json_object(content)

    async def _ask(self, provider: Provider, method: str, url: str, **options: Any) -> tuple[int, bytes]:
        """The status and the content. Raises ValueError, also for more than `MAX_RESPONSE_BYTES`."""
        import httpx  # noqa: PLC0415 - a library of 3 MB that is not needed until somebody signs in with a provider

        content = bytearray()
        try:
            async with self._http(provider).stream(method, url, **options) as answer:
                async for piece in answer.aiter_bytes(MAX_RESPONSE_BYTES):
                    content += piece
                    if len(content) > MAX_RESPONSE_BYTES:
                        raise ValueError(f"more than {MAX_RESPONSE_BYTES} bytes")
                return answer.status_code, bytes(content)
        except httpx.HTTPError as problem:
            raise ValueError(repr(problem)) from problem

    def _http(self, provider: Provider) -> "httpx.AsyncClient":
        """Created at the first use: for https it reads all certificate authorities, which takes 1 MB."""
        import httpx  # noqa: PLC0415 - as above

        local = is_local(provider.issuer)
        if local not in self._https:
            self._https[local] = httpx.AsyncClient(
                verify=ssl_context_for(provider.issuer),
                timeout=None,  # noqa: S113 - every use is within `patience`
                limits=httpx.Limits(max_connections=MAX_CONNECTIONS),
                follow_redirects=False,
            )
        return self._https[local]

    def _check_endpoint(self, provider: Provider, name: str, url: Any) -> None:
        """Raises ValueError if this is no URL that may be asked: plain http only where the issuer has it."""
        allow_http = self._allow_http and is_local(provider.issuer)
        if not isinstance(url, str) or not is_allowed(url, allow_http=allow_http, with_query=True):
            raise ValueError(f"{name} is no https URL")


def _authenticate(
    provider: Provider, metadata: Mapping[str, Any], form: dict[str, str], headers: dict[str, str]
) -> None:
    """As the provider asks for it: HTTP Basic unless only the form is offered; a public client only has its id."""
    if provider.client_secret is None:
        form["client_id"] = provider.client_id
        return
    secret = provider.client_secret.get_secret_value()
    offered = metadata.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
    if "client_secret_basic" not in offered:
        form |= {"client_id": provider.client_id, "client_secret": secret}
        return
    pair = f"{quote_plus(provider.client_id)}:{quote_plus(secret)}"  # RFC 6749, section 2.3.1
    headers["authorization"] = f"Basic {b64encode(pair.encode()).decode()}"


def _json_object(content: bytes) -> dict[str, Any]:
    value = orjson.loads(content)
    if not isinstance(value, dict):
        raise ValueError("no JSON object")
    return value


@asynccontextmanager
async def _within(seconds: float) -> AsyncIterator[None]:
    """The time for the block. Raises Unavailable."""
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError as problem:
        raise _unavailable() from problem


def _unavailable() -> Unavailable:
    return Unavailable("provider_unavailable", "This provider cannot be reached right now.", retry_after=5)
