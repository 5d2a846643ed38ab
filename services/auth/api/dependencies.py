"""The dependencies of the routes; app.py creates them."""

from dataclasses import dataclass
from typing import Annotated, cast

from fastapi import Depends, Request

from shared import clock
from shared.database.engine import Database
from shared.files.storage import Storage
from shared.images.processor import ImageProcessor
from shared.security.verifier import Identity
from shared.web.fast_path import FastPathReader

from ..actions.audit_log import Origin
from ..actions.login_throttle import throttle_key
from ..actions.mails import MailWriter
from ..actions.sessions import Lifetimes
from ..clients import ContentReader
from ..mail_texts import DEFAULT_LANGUAGE, LANGUAGES
from ..mail_tokens import MAIL_TOKENS
from ..openid_client import OpenIdClient
from ..passwords import Passwords
from ..relying_party import PASSKEYS, RelyingParty
from ..second_factor_codes import SECOND_FACTORS, SecondFactorCodes
from ..settings import Settings
from ..sign_in_tokens import SIGN_IN, SignInTokens
from ..signed_urls import EXPORTS, UrlSigner
from ..tokens import REFRESH_TOKENS, RefreshTokens, TokenIssuer


@dataclass(frozen=True, slots=True)
class Dependencies:
    settings: Settings
    database: Database
    passwords: Passwords
    token_issuer: TokenIssuer
    storage: Storage
    image_processor: ImageProcessor
    providers: OpenIdClient
    content: ContentReader

    @property
    def handle_key(self) -> bytes:
        """The key under which handles are hashed."""
        return self.settings.key("handles")

    def throttle_key_of(self, tried: str) -> bytes:
        """The key under which failed passwords for this identifier are counted."""
        return throttle_key(self.settings.key("failures"), tried)

    @property
    def refresh_tokens(self) -> RefreshTokens:
        return RefreshTokens(self.settings.key(REFRESH_TOKENS))

    @property
    def second_factor_codes(self) -> SecondFactorCodes:
        return SecondFactorCodes(self.settings.key(SECOND_FACTORS))

    @property
    def relying_party(self) -> RelyingParty:
        return RelyingParty(self.settings.relying_party_origin, self.settings.key(PASSKEYS))

    @property
    def sign_in_tokens(self) -> SignInTokens:
        """States and continuations of sign-ins with a provider."""
        return SignInTokens(self.settings.key(SIGN_IN))

    @property
    def url_signer(self) -> UrlSigner:
        return UrlSigner(self.settings.key(EXPORTS))

    @property
    def mail_writer(self) -> MailWriter:
        """Knows the tokens of links that were sent."""
        return mail_writer_of(self.settings)

    @property
    def lifetimes(self) -> Lifetimes:
        """The lifetimes of sessions."""
        days = self.settings.refresh_idle_days, self.settings.refresh_absolute_days
        return Lifetimes(days[0] * clock.DAY, days[1] * clock.DAY)


async def _dependencies(request: Request) -> Dependencies:
    return cast("Dependencies", request.app.state.dependencies)


def address_of(request: Request) -> str:
    """The client's address as the gateway determined it; the gateway replaces the header of a client."""
    forwarded = request.headers.get("x-forwarded-for", "").rpartition(",")[2].strip()
    return (forwarded or (request.client.host if request.client else ""))[:45]


def language_of(request: Request) -> str:
    """The language of those we have that the client prefers (RFC 9110, section 12.5.4)."""
    wanted = (each.partition(";q=") for each in request.headers.get("accept-language", "")[:200].lower().split(","))
    ranked = sorted(((tag.strip()[:2], _quality(quality)) for tag, _, quality in wanted), key=lambda each: -each[1])
    return next((tag for tag, quality in ranked if quality and tag in LANGUAGES), DEFAULT_LANGUAGE)


def _quality(text: str) -> float:
    try:
        return float(text or 1)
    except ValueError:
        return 0


def mail_writer_of(settings: Settings) -> MailWriter:
    """The writer of messages, with the links of this instance."""
    return MailWriter(settings.key(MAIL_TOKENS), settings.link_base)


def origin_of(request: Request, identity: Identity) -> Origin:
    """The address and the session of a request."""
    return Origin(address_of(request), identity.session_id)


Deps = Annotated[Dependencies, Depends(_dependencies), FastPathReader(_dependencies)]
