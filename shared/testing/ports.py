"""Free ports for servers that tests start, and ports on which nothing listens."""

import secrets
import socket
from collections.abc import Iterator
from contextlib import contextmanager

_PORTS = range(10_000, 32_000)
"""Below those that systems give to connections and to listeners that ask for any port (Linux: 32768 and up): between
the choice and the start of whatever shall listen there, nobody is given it by chance."""


def free_port(*hosts: str) -> int:
    """A port on which no process listens at these addresses, and that is unlikely to be taken in the next moments.

    The default is 127.0.0.1.
    """
    for port in secrets.SystemRandom().sample(_PORTS, 100):
        if all(_is_free(host, port) for host in hosts or ("127.0.0.1",)):
            return port
    raise RuntimeError("no free port found")


@contextmanager
def closed_port() -> Iterator[int]:
    """A port of 127.0.0.1 that refuses every connection, and that no other process can be given during the block.

    A port that was only found to be free may belong to the server of another test a moment later.
    """
    with socket.socket() as bound:  # without listen()
        bound.bind(("127.0.0.1", free_port()))
        yield bound.getsockname()[1]


def _is_free(host: str, port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind((host, port))
        except OSError:
            return False
        return True
