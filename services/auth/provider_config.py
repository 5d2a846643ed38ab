"""The OpenID Connect providers that people can sign in with: read from the setting OIDC_PROVIDERS."""

from typing import Annotated, Any
from urllib.parse import urlsplit

import orjson
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

MAX_PROVIDERS = 20
MAX_REDIRECT_URIS = 10
SETTING = "OIDC_PROVIDERS"
CALLBACK_PATH = "/login/"
"""The page of the web client to which a provider sends the browser back, followed by the id of the provider.

Each provider has another page, so that an answer of one cannot be taken for that of another (RFC 9700, section 4.4).
"""
Uri = Annotated[str, Field(max_length=300)]


class Provider(BaseModel):
    """One provider, and how this instance is registered there."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    id: Annotated[str, Field(pattern=r"^[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?$")]
    """What URLs of the API call it. Never give the id of one provider to another."""
    name: Annotated[str, Field(min_length=1, max_length=40)]
    """What people read on the button."""
    issuer: Uri
    """Exactly as the provider's discovery document and its tokens have it."""
    client_id: Annotated[str, Field(min_length=1, max_length=255)]
    client_secret: Annotated[SecretStr, Field(min_length=1, max_length=4096)] | None = None
    """None for a public client, which only PKCE protects."""
    scopes: Annotated[str, Field(max_length=200, pattern=r"^openid( [!#-\[\]-~]+)*$")] = "openid email profile"
    redirect_uris: Annotated[tuple[Uri, ...], Field(max_length=MAX_REDIRECT_URIS)] = ()
    """Where the provider may send people back; empty for the page of the web client."""


def read_providers(text: str, *, base_url: str, is_production: bool) -> tuple[Provider, ...]:
    """The providers of the setting's JSON, which is a list; empty text: none. Raises ValueError without any secret.

    `base_url` is where people reach this instance. `http` is only accepted for this machine, and not in production.
    """
    if not text.strip():
        return ()
    try:
        given = orjson.loads(text)
    except orjson.JSONDecodeError as problem:
        raise ValueError(f"{SETTING} is not valid JSON: {problem}") from None
    if not isinstance(given, list) or len(given) > MAX_PROVIDERS:
        raise ValueError(f"{SETTING} has to be a JSON list of at most {MAX_PROVIDERS} objects")
    providers = tuple(_provider(number, each, base_url) for number, each in enumerate(given, start=1))
    for provider in providers:
        _check_uris(provider, allow_http=not is_production)
    for kind in ("id", "issuer"):
        if len({getattr(each, kind) for each in providers}) < len(providers):
            raise ValueError(f"{SETTING}: two providers have the same {kind}")
    return providers


def is_allowed(uri: str, *, allow_http: bool, with_query: bool = False) -> bool:
    """Whether this is an absolute https URL; or, if allowed, an http URL of this machine. No user, no fragment."""
    try:
        parts = urlsplit(uri)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return False
    if not host or "@" in parts.netloc or parts.fragment or "#" in uri or not (uri.isascii() and uri.isprintable()):
        return False
    if (parts.query and not with_query) or " " in uri:
        return False
    return parts.scheme == "https" or (allow_http and is_local(uri))


def is_local(uri: str) -> bool:
    """Whether this is an http URL of this machine."""
    parts = urlsplit(uri)
    return parts.scheme == "http" and parts.hostname in ("localhost", "127.0.0.1", "::1")


def _check_uris(provider: Provider, *, allow_http: bool) -> None:
    for name, uri in (("issuer", provider.issuer), *(("redirect_uris", each) for each in provider.redirect_uris)):
        if not is_allowed(uri, allow_http=allow_http):
            raise ValueError(
                f"{SETTING}: {name} of {provider.id} has to be an https:// URL without query and fragment; "
                "http:// is only accepted for this machine, in development"
            )


def _provider(number: int, given: Any, base_url: str) -> Provider:
    try:
        provider = Provider.model_validate(given)
    except ValidationError as problem:
        first = problem.errors(include_input=False, include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "the object"
        raise ValueError(f"{SETTING}: provider {number}: {place}: {first['msg']}") from None
    own = provider.redirect_uris or (f"{base_url}{CALLBACK_PATH}{provider.id}",)
    return provider.model_copy(update={"redirect_uris": own})
