"""Stubs of services: `python -m bench.stub_services NAME ...` serves one port for each.

Prints one line of JSON: the ports by name, and a valid token.
"""

import asyncio
import json
import sys

import uvicorn

from gateway.tests.gateway_server import listening
from gateway.tests.stub_services import StubServices
from shared.server.config import server_options


def main() -> None:
    """Serve until killed."""
    listeners = {name: listening() for name in sys.argv[1:]}
    services = StubServices(ports={listener.getsockname()[1]: name for name, listener in listeners.items()})
    token = services.token_issuer.token(1)
    print(json.dumps({"ports": {name: port for port, name in services.ports.items()}, "token": token}), flush=True)
    server = uvicorn.Server(uvicorn.Config(services, **server_options()))
    asyncio.run(server.serve(sockets=list(listeners.values())))


if __name__ == "__main__":
    main()
