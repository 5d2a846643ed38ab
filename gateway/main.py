"""The gateway as a process: `python -m gateway.main`."""

from contextlib import suppress

from shared import logs, metrics
from shared.events.bus_factory import create_bus
from shared.server.config import freeze_gc
from shared.tracing import spans

from .app import create_app
from .server.server import GatewayServer
from .settings import Settings


def main() -> None:
    """Run until a signal stops it."""
    settings = Settings()
    logs.configure(settings.log_level, settings.environment)
    metrics.serve(settings.host, settings.metrics_port)
    spans.configure()
    app = create_app(settings, create_bus(settings.broker_url))
    freeze_gc()
    with suppress(KeyboardInterrupt):
        GatewayServer(app, host=settings.host, port=settings.port).run()
    spans.flush()


if __name__ == "__main__":
    main()
