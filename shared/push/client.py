"""Sends push messages to push services (RFC 8030), whose addresses clients have given.

The host is resolved once, every address is checked, and the connection goes to a checked address: no second resolution
can lead elsewhere. The certificate has to be that of the host. Redirects and proxies are not followed, the body of the
response is not read, and everything together takes a bounded time.
"""

import asyncio
import email.utils
import socket
import ssl
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from shared.push import addresses
from shared.push.vapid import VapidKey

if TYPE_CHECKING:
    import httpx

TOTAL_SECONDS = 10.0
CONNECT_SECONDS = 4.0
MAX_RETRY_AFTER_SECONDS = 86_400
MAX_ADDRESSES = 2
Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""The IP addresses of a host."""


class PushFailed(Exception):
    """The message was not accepted; `retry_after` (seconds) is what the push service asks for, if it does."""

    def __init__(self, reason: str, retry_after: int | None = None) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


class PushDeferred(PushFailed):
    """Later it may be: the service is busy or away."""


class PushRefused(PushFailed):
    """It never will be: the message is refused, or the address must not be asked."""


class PushGone(PushFailed):
    """The subscription has ended (RFC 8030, section 7.3)."""


@dataclass(frozen=True, slots=True)
class PushRequest:
    """An encrypted message; a newer one of the same topic replaces it while the browser is away."""

    body: bytes
    topic: str
    """At most 32 characters of base64url (RFC 8030, section 5.4)."""
    ttl_seconds: int
    urgency: str = "normal"


async def resolve(host: str, port: int) -> Sequence[str]:
    """The addresses that the system finds. Raises OSError."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(address[0]) for *_, address in found]


class PushClient:
    """Sends messages with the key of this application."""

    def __init__(self, key: VapidKey, *, local_ca: str = "", resolve: Resolve = resolve) -> None:
        """`local_ca` is for tests: with it, push services of this machine are allowed, whose certificate it is."""
        self.key = key
        self.allows_local = bool(local_ca)
        self.patience = TOTAL_SECONDS
        self._local_ca = local_ca
        self._resolve = resolve
        self._http: httpx.AsyncClient | None = None

    async def send(self, endpoint: str, push: PushRequest) -> None:
        """Returns when the push service has accepted the message. Raises PushDeferred, PushRefused, PushGone."""
        import httpx  # noqa: PLC0415 - a library of 3 MB that is not needed until somebody wants push messages

        try:
            async with asyncio.timeout(self.patience):
                status, headers = await self._ask(endpoint, push)
        except TimeoutError:
            raise PushDeferred("timeout") from None
        except (OSError, httpx.HTTPError, UnicodeError) as problem:
            raise PushDeferred(type(problem).__name__) from problem
        _raise_for(status, headers)

    async def close(self) -> None:
        """Close the connections."""
        if self._http is not None:
            await self._http.aclose()

    async def _ask(self, endpoint: str, push: PushRequest) -> tuple[int, "httpx.Headers"]:
        import httpx  # noqa: PLC0415 - as above

        if not addresses.is_public_url(endpoint, allow_local=self.allows_local):
            raise PushRefused("not a public URL")
        parts = urlsplit(endpoint)
        host = parts.hostname or ""
        found = list(dict.fromkeys(await self._resolve(host, parts.port or 443)))
        if not all(map(self._is_allowed, found)):
            raise PushRefused("not a public address")
        url, failed = httpx.URL(endpoint), PushDeferred("no address")
        for address in found[:MAX_ADDRESSES]:
            request = self._client().build_request(
                "POST", url.copy_with(host=address), content=push.body, headers=self._headers(endpoint, push)
            )
            request.extensions["sni_hostname"] = host  # the name that the certificate has to have, too
            try:
                answer = await self._client().send(request, stream=True)
            except (httpx.ConnectError, httpx.ConnectTimeout) as problem:
                failed = PushDeferred(type(problem).__name__)
                continue
            await answer.aclose()
            return answer.status_code, answer.headers
        raise failed

    def _headers(self, endpoint: str, push: PushRequest) -> dict[str, str]:
        origin = addresses.origin_of(endpoint)
        return {
            "host": origin.removeprefix("https://"),
            "authorization": self.key.authorization(origin),
            "content-encoding": "aes128gcm",
            "content-type": "application/octet-stream",
            "ttl": str(push.ttl_seconds),
            "topic": push.topic,
            "urgency": push.urgency,
        }

    def _is_allowed(self, address: str) -> bool:
        return addresses.is_public_address(address) or (self.allows_local and address in ("127.0.0.1", "::1"))

    def _client(self) -> "httpx.AsyncClient":
        """Created at the first use: it reads all certificate authorities, which takes 1 MB."""
        import httpx  # noqa: PLC0415 - as above

        if self._http is None:
            verify = ssl.create_default_context(cafile=self._local_ca) if self._local_ca else True
            self._http = httpx.AsyncClient(
                verify=verify,
                timeout=httpx.Timeout(self.patience, connect=CONNECT_SECONDS),
                # No connection is used again: another host at the same address would get what was meant for this one.
                limits=httpx.Limits(max_keepalive_connections=0),
                follow_redirects=False,
                trust_env=False,
            )
        return self._http


def _raise_for(status: int, headers: Mapping[str, str]) -> None:
    if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        return
    if status in (HTTPStatus.NOT_FOUND, HTTPStatus.GONE):
        raise PushGone(str(status))
    if status == HTTPStatus.TOO_MANY_REQUESTS or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        raise PushDeferred(str(status), seconds_of(headers.get("retry-after", "")))
    raise PushRefused(str(status))


def seconds_of(retry_after: str) -> int | None:
    """The seconds of a `Retry-After` (RFC 9110, section 10.2.3), at most a day; None if it is not valid."""
    if retry_after.isascii() and retry_after.isdigit():
        return min(MAX_RETRY_AFTER_SECONDS, int(retry_after[:9]))
    try:
        at = email.utils.parsedate_to_datetime(retry_after).timestamp()
    except (ValueError, OverflowError):
        return None
    return max(0, min(MAX_RETRY_AFTER_SECONDS, int(at - time.time())))
