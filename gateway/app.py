"""Composes the gateway."""

from collections.abc import Mapping
from functools import partial

from shared import metrics
from shared.background import PeriodicWorker
from shared.draining import Draining
from shared.events.bus import Bus
from shared.security.service_calls import ServiceClient
from shared.security.verifier import CachingTokenVerifier, JwksClient, TokenVerifier, fetch_from
from shared.server.config import Server
from shared.websockets.handshake import as_get_request, serve_accepted

from .authentication.revocations import Revocations
from .authentication.tokens import TokenAuthenticator
from .docs.page import Docs
from .exchange import Receive, Scope, Send
from .health import Health
from .pages import ASSETS, FILES, VIEWS
from .pipeline import RequestPipeline
from .rate_limit.limiter import RateLimiter
from .rate_limit.stores import LocalStore, RateLimitStore
from .routes import LOCAL, Router
from .settings import Settings
from .upstream.addresses import NewClient
from .upstream.asgi_client import AsgiClient
from .upstream.client import Client
from .upstream.proxy import Proxy
from .upstream.upstream import Upstream, bulkheads
from .upstream.websockets import WebSocketProxy
from .web_client.site import Site


class Gateway:
    """The ASGI application: the request pipeline, and the lifespan of what it uses."""

    def __init__(self, settings: Settings, bus: Bus, servers: Mapping[str, Server]) -> None:
        auth = ServiceClient(LOCAL, settings.caller_key("auth"), "auth", settings.auth_url)
        keys = JwksClient(fetch_from(f"{settings.auth_url}/.well-known/jwks.json"))
        verifier = CachingTokenVerifier(
            TokenVerifier(keys, issuer=settings.token_issuer, audience=settings.token_audience)
        )
        revocations = Revocations(auth, settings.access_token_seconds)
        revocations.listen(bus, LOCAL)
        proxy = Proxy(
            settings,
            {
                name: Upstream(name, url, bulkheads(settings), _new_client(settings, servers.get(name)))
                for name, url in settings.upstreams.items()
            },
        )
        proxy.upstreams["auth"].on_response = revocations.apply_headers
        self.draining = Draining()
        """Reported by `/readyz`; WebSockets are closed when it begins."""
        health = Health(proxy, revocations, self.draining)
        docs = Docs(settings.public_path)
        site = Site(proxy, settings.public_origin, settings.public_path, settings.cdn_origin)
        local = {
            "/healthz": health.healthz,
            "/readyz": health.readyz,
            **dict.fromkeys(("/docs", "/docs/{file}", "/openapi.json", "/asyncapi.json"), docs.send),
            **dict.fromkeys(VIEWS, site.page),
            "/p/{id}": site.post,
            "/@{nickname}": site.person,
            ASSETS: site.asset,
            **dict.fromkeys(FILES, site.file),
        }
        websockets = WebSocketProxy(settings, proxy, revocations)
        self.draining.on_start(websockets.drain)
        self._store = create_store(settings.rate_limit_url.get_secret_value())
        self._pipeline = RequestPipeline(
            settings,
            Router(),
            TokenAuthenticator(verifier, revocations),
            RateLimiter(settings.rate_limits, self._store),
            proxy,
            websockets,
            local,
        )
        self.slow_clients = self._pipeline.slow_clients
        self._proxy = proxy
        self._auth = auth
        self._bus = bus
        metrics.BROKER_CONNECTED.labels(LOCAL).set_function(lambda: float(bus.connected))
        self._worker = PeriodicWorker("gateway.revocations", revocations.pull, every=settings.revocations_seconds)
        self.settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, one WebSocket, or the lifespan."""
        if scope["type"] == "websocket":
            scope, receive, send = as_get_request(scope, receive, send)
        if scope["type"] == "http":
            await self._pipeline(scope, receive, send)
            await serve_accepted(scope)
        else:
            await self._lifespan(receive, send)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        await self._proxy.open()
        await self._bus.start()
        self._worker.start()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self._worker.stop()
        await self._bus.stop()
        await self._auth.close()
        await self._proxy.close()
        await self._store.close()
        await send({"type": "lifespan.shutdown.complete"})


def create_store(url: str) -> RateLimitStore:
    """The store that counts requests: in memory, or in Redis at this URL."""
    if not url:
        return LocalStore()
    from .rate_limit.redis_store import RedisStore  # noqa: PLC0415 - a library of 6 MB that one replica never needs

    return RedisStore(url)


def _new_client(settings: Settings, server: Server | None) -> NewClient:
    if server is None:
        return partial(Client, connect_seconds=settings.connect_seconds)
    return partial(AsgiClient, server, connect_seconds=settings.connect_seconds)


def create_app(settings: Settings, bus: Bus, servers: Mapping[str, Server] | None = None) -> Gateway:
    """The gateway, not yet running.

    `servers` are services that run in the same event loop, by name. They have to have started before the gateway.
    """
    return Gateway(settings, bus, servers or {})
