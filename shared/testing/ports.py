"""Ports for what is about to be started."""

import secrets
import socket

_PORTS = range(10_000, 32_000)
"""Below those that systems give to connections and to listeners that ask for any port (Linux: 32768 and up): between
the choice and the start of whatever shall listen there, nobody is given it by chance."""


def free_port() -> int:
    """A port of loopback on which nobody listens at this moment, and that is unlikely to be taken in the next ones."""
    for port in secrets.SystemRandom().sample(_PORTS, 100):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise RuntimeError("no free port found")
