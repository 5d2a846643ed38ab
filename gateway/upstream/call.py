"""One request that is forwarded: where it was sent, whether it is sent again, and what its failures mean."""

from dataclasses import dataclass, field
from http import HTTPStatus

import structlog
from websockets.exceptions import InvalidStatus

from shared import errors
from shared.http_client.client import NeverSent
from shared.http_client.response import ServiceUnreachable

from ..circuit_breaker import CircuitBreaker
from ..exchange import Exchange
from ..request.body import Upload
from ..responses import HttpError, from_app_error, service_unavailable
from ..routes import IMAGE_UPLOAD
from .addresses import Address
from .upstream import Bulkhead, Clients, Upstream

IDEMPOTENT_METHODS = ("GET", "PUT", "DELETE")
MAX_ATTEMPTS = 3
log = structlog.get_logger()


class ResponseAborted(Exception):
    """The response ended too early after it had started; for the client the connection is closed as well."""


@dataclass(slots=True)
class UpstreamCall:
    """One request that is forwarded."""

    exchange: Exchange
    upstream: Upstream
    bulkhead: Bulkhead
    body: bytes | Upload | None = None
    clients: Clients = ()
    """The network and user that count in the bulkhead."""
    login_limited_seconds: int | None = None
    tried: list[Address] = field(default_factory=list)
    """The addresses to which it was sent; the latest is the last."""

    @property
    def breaker(self) -> CircuitBreaker:
        """That of its traffic class at the latest address."""
        return self.tried[-1].breakers[self.exchange.route.traffic_class]

    def choose_address(self) -> Address:
        """The address to send it to next. Raises HttpError."""
        address = self.upstream.choose(self.exchange.route.traffic_class, self.tried)
        self.tried.append(address)
        return address

    def is_repeated_after(self, error: ServiceUnreachable) -> bool:
        """Whether it is sent again: to another address, or once more to the only one within the budget of retries."""
        another = self.upstream.addresses.has_other(self.tried)
        if another and isinstance(error, NeverSent):
            return len(self.tried) < MAX_ATTEMPTS
        if len(self.tried) > 1 or isinstance(self.body, Upload) or not self._may_be_processed_twice():
            return False
        return another or self.upstream.retry_budget.withdraw()

    def _may_be_processed_twice(self) -> bool:
        """Whether it is idempotent (RFC 9110, section 9.2.2), or has a key by which the service recognises it."""
        return self.exchange.route.method in IDEMPOTENT_METHODS or b"idempotency-key" in self.exchange.request.headers


def request_error(call: UpstreamCall, error: Exception) -> Exception:
    """The error to raise without a response: the client may have caused it, by its upload."""
    if isinstance(call.body, Upload) and call.body.error is not None:
        return call.body.error()
    record_failure(call, error)
    if isinstance(error, ServiceUnreachable):
        return error
    return upstream_timeout() if isinstance(error, TimeoutError) else upstream_failed()


def handshake_rejected(call: UpstreamCall, error: InvalidStatus) -> HttpError:
    """What to raise for a WebSocket that the service did not accept."""
    status = error.response.status_code
    if status in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE):
        call.breaker.succeeded()  # it is available, and responds that it has too many
        return call.upstream.unavailable()
    if status == HTTPStatus.UNAUTHORIZED:
        call.breaker.succeeded()
        return from_app_error(errors.Unauthenticated("invalid_token", "The access token is no longer valid."))
    record_failure(call, error)
    return upstream_failed()


def timed_out(call: UpstreamCall) -> Exception:
    """What to raise where the service took too long."""
    record_failure(call, TimeoutError())
    return upstream_timeout() if call.exchange.status is None else ResponseAborted("the service stopped sending")


def record_failure(call: UpstreamCall, error: Exception) -> None:
    """Count it in the circuit breaker, and log it."""
    # An upload that times out may just be waiting for a decoder: that is no failure of the service.
    if call.exchange.route.traffic_class is not IMAGE_UPLOAD or not isinstance(error, TimeoutError):
        call.breaker.failed()
    log.warning(
        "upstream did not respond",
        upstream=call.upstream.name,
        reason=repr(error),
        request_id=call.exchange.request_id,
    )


def upstream_timeout() -> HttpError:
    """503 for a response that did not start in time."""
    return service_unavailable("upstream_timeout", "This part of the service did not respond in time.")


def upstream_failed() -> HttpError:
    """502."""
    return HttpError(HTTPStatus.BAD_GATEWAY, "upstream_failed", "This part of the service failed to respond.")
