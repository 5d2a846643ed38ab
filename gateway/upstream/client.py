"""The HTTP client of one address of a service."""

from collections.abc import Iterable
from socket import SO_RCVBUF, SOL_SOCKET, socket

import aiohttp
from aiohappyeyeballs import AddrInfoType
from aiohttp.abc import AbstractResolver
from multidict import CIMultiDict

from ..responses import CHUNK_BYTES

KEEP_ALIVE_SECONDS = 5.0
"""How long a connection stays open between two requests: less than a service drains, so that no service closes one at
the very moment at which a request is sent on it."""


class UpstreamUnreachable(Exception):
    """The connection was lost before a response started; the service may have processed the request."""


class NeverSent(UpstreamUnreachable):
    """There was no connection on which the request could be sent."""


def new_session(connect_seconds: float, resolver: AbstractResolver | None) -> aiohttp.ClientSession:
    """A client with connections of its own, in the running event loop."""
    # Not with the library's `sock_read`: its timer outlives the request where the end of a response is parsed
    # when a paused connection resumes, and ends the next request on the same connection.
    connector = aiohttp.TCPConnector(
        limit=0, keepalive_timeout=KEEP_ALIVE_SECONDS, socket_factory=_new_socket, resolver=resolver
    )
    return aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        request_class=_Request,
        auto_decompress=False,
        timeout=aiohttp.ClientTimeout(total=None, connect=connect_seconds, sock_read=None),
        read_bufsize=CHUNK_BYTES,
        middlewares=(_without_library_retries,),
    )


class _Request(aiohttp.ClientRequest):
    """A request with the headers of the client, and none that the library would add by itself."""

    # The library's `skip_auto_headers` does the same, but copies and sorts the headers of each request.
    _skip_auto_headers = CIMultiDict({"content-type": None})

    def update_auto_headers(self, skip_auto_headers: Iterable[str] | None) -> None:
        """Add neither Accept, Accept-Encoding nor User-Agent."""


async def _without_library_retries(
    request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
) -> aiohttp.ClientResponse:
    # The library retries PUT and DELETE by itself after a lost connection; with an error of ours it does not.
    try:
        return await handler(request)
    except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
        raise NeverSent(repr(error)) from error
    except aiohttp.ClientConnectionError as error:  # reset, disconnected: all others that there are
        raise UpstreamUnreachable(repr(error)) from error


def _new_socket(address: AddrInfoType) -> socket:
    """A socket with a small receive buffer: of a response that the client does not read, the kernel keeps little."""
    family, kind, protocol, _, _ = address
    new = socket(family, kind, protocol)
    new.setsockopt(SOL_SOCKET, SO_RCVBUF, CHUNK_BYTES)
    return new
