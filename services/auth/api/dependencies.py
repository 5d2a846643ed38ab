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
from ..actions.sessions import Lifetimes
from ..passwords import Passwords
from ..settings import Settings
from ..tokens import REFRESH_TOKENS, RefreshTokens, TokenIssuer


@dataclass(frozen=True, slots=True)
class Dependencies:
    settings: Settings
    database: Database
    passwords: Passwords
    token_issuer: TokenIssuer
    storage: Storage
    image_processor: ImageProcessor

    @property
    def handle_key(self) -> bytes:
        """The key under which handles are hashed."""
        return self.settings.key("handles")

    def throttle_key_of(self, tried: str) -> bytes:
        """What failed passwords for this are counted under."""
        return throttle_key(self.settings.key("failures"), tried)

    @property
    def refresh_tokens(self) -> RefreshTokens:
        return RefreshTokens(self.settings.key(REFRESH_TOKENS))

    @property
    def lifetimes(self) -> Lifetimes:
        """How long a session lasts."""
        days = self.settings.refresh_idle_days, self.settings.refresh_absolute_days
        return Lifetimes(days[0] * clock.DAY, days[1] * clock.DAY)


async def _dependencies(request: Request) -> Dependencies:
    return cast("Dependencies", request.app.state.dependencies)


def address_of(request: Request) -> str:
    """The client's address as the gateway saw it; the gateway replaces whatever a client sends."""
    forwarded = request.headers.get("x-forwarded-for", "").rpartition(",")[2].strip()
    return (forwarded or (request.client.host if request.client else ""))[:45]


def origin_of(request: Request, identity: Identity) -> Origin:
    """The address and the session of a request."""
    return Origin(address_of(request), identity.session_id)


Deps = Annotated[Dependencies, Depends(_dependencies), FastPathReader(_dependencies)]
