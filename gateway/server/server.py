"""The uvicorn server of the gateway."""

from functools import partial
from typing import Any

import uvicorn

import shared.server.config
from shared.background import PeriodicWorker

from ..app import Gateway
from ..request.cors import Cors
from .connection_limits import ConnectionLimits
from .protocol import GatewayProtocol

SWEEP_SECONDS = 1.0


def options() -> dict[str, Any]:
    """The settings of uvicorn for the gateway."""
    return {**shared.server.config.server_options(), "lifespan": "on"}


class GatewayServer(shared.server.config.Server):
    """The server of shared, with limits of connections."""

    def __init__(self, app: Gateway, **more: Any) -> None:
        self._app = app
        self._limits = ConnectionLimits(app.settings)
        own = {
            "http": partial(GatewayProtocol, self._limits, app.slow_clients, Cors(app.settings)),
            "timeout_keep_alive": app.settings.keep_alive_seconds,
        }
        config = uvicorn.Config(app, **{**options(), **own, **more})
        super().__init__(config, app.draining, app.settings.drain_seconds)

    async def main_loop(self) -> None:
        """Run until the server is to stop; meanwhile sweep each second while there are connections."""
        sweeping = PeriodicWorker("gateway.connections", self._sweep, every=SWEEP_SECONDS)
        sweeping.start()
        await super().main_loop()
        await sweeping.stop()

    async def _sweep(self) -> bool:
        await self._limits.any_open.wait()
        self._limits.sweep()
        self._app.slow_clients.sweep()
        return False
