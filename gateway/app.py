"""Wires the gateway together; read from top to bottom."""

import structlog

from shared.background import PeriodicWorker
from shared.events.bus import Bus
from shared.security.service_calls import ServiceClient
from shared.security.verifier import JwksClient, TokenVerifier, fetch_from
from shared.websockets.handshake import as_get_request

from .authentication.revocations import Revocations
from .authentication.tokens import TokenAuthenticator
from .docs.page import Docs
from .exchange import Receive, Scope, Send
from .health import Health
from .pages import ASSETS, FILES, VIEWS
from .pipeline import RequestPipeline
from .rate_limit.limiter import RateLimiter
from .rate_limit.stores import create_store
from .routes import LOCAL, Router
from .settings import Settings
from .upstream.proxy import Proxy
from .upstream.upstream import Upstream, bulkheads
from .upstream.websockets import WebSocketProxy
from .web_client.site import Site

log = structlog.get_logger()


class Gateway:
    """The ASGI application: a door, and the lifespan of what stands behind it."""

    def __init__(self, settings: Settings, bus: Bus) -> None:
        auth = ServiceClient(LOCAL, settings.caller_key("auth"), "auth", settings.auth_url)
        keys = JwksClient(fetch_from(f"{settings.auth_url}/.well-known/jwks.json"))
        verifier = TokenVerifier(keys, issuer=settings.token_issuer, audience=settings.token_audience)
        revocations = Revocations(auth, settings.access_token_seconds)
        revocations.listen(bus, LOCAL)

        table = Router()
        proxy = Proxy(
            settings, {name: Upstream(name, url, bulkheads(settings)) for name, url in settings.upstreams.items()}
        )
        proxy.upstreams["auth"].on_answer = revocations.note
        health = Health(proxy, revocations)
        docs = Docs(settings.public_path)
        site = Site(proxy, settings.public_origin, settings.public_path)
        own = {
            "/healthz": health.healthz,
            "/readyz": health.readyz,
            "/docs": docs.page,
            "/docs/{file}": docs.file,
            "/openapi.json": docs.openapi,
            "/asyncapi.json": docs.asyncapi,
            **dict.fromkeys(VIEWS, site.page),
            "/p/{id}": site.post,
            "/@{nickname}": site.person,
            ASSETS: site.asset,
            **dict.fromkeys(FILES, site.file),
        }
        self._counts = create_store(settings.rate_limit_url.get_secret_value())
        rates = RateLimiter(settings, self._counts)
        sockets = WebSocketProxy(settings, proxy, revocations)
        self._door = RequestPipeline(
            settings, table, TokenAuthenticator(verifier, revocations), rates, proxy, sockets, own
        )
        self.slow_clients = self._door.slow_clients
        self._health = health
        self._proxy = proxy
        self._auth = auth
        self._bus = bus
        self._worker = PeriodicWorker("gateway.revocations", revocations.pull, every=settings.revocations_seconds)
        self.settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, or the whole life of the application."""
        if scope["type"] == "websocket":
            scope, receive, send = as_get_request(scope, receive, send)
        if scope["type"] == "http":
            await self._door(scope, receive, send)
        else:
            await self._live(receive, send)

    def drain(self) -> None:
        """Say from now on that no more requests should come; those that do are served."""
        self._health.draining = True

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        await self._proxy.open()
        await self._bus.start()
        self._worker.start()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        self.drain()
        await self._worker.stop()
        await self._bus.stop()
        await self._auth.close()
        await self._proxy.close()
        await self._counts.close()
        await send({"type": "lifespan.shutdown.complete"})


def create_app(settings: Settings, bus: Bus) -> Gateway:
    """The gateway, not yet running."""
    return Gateway(settings, bus)
