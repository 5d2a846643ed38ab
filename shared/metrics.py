"""What a process counts, in Prometheus' form, on a port of its own that is never public."""

from prometheus_client import Counter, Gauge, Histogram, start_http_server

REQUESTS = Histogram(
    "http_request_seconds",
    "Time to answer, by service, route and status.",
    ["service", "route", "status"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
BACKGROUND_FAILURES = Counter("background_failures_total", "Background steps that failed.", ["worker"])
EVENTS_TAKEN_IN = Counter("events_taken_in_total", "Facts taken in.", ["service", "name"])
EVENTS_FAILED = Counter("events_failed_total", "Tries to take in a fact that failed.", ["service", "name"])
RECONCILED = Counter("reconciled_total", "Differences that reconciliation found and mended.", ["service"])
MALFORMED = Counter("http_malformed_total", "Requests that could not be parsed, or were ambiguous.")
LOG_LINES_SUPPRESSED = Counter("log_lines_suppressed_total", "Log entries left out, as there were too many alike.")
REFUSED_AT_DOOR = Counter("gateway_refused_total", "Requests that the gateway refused itself.", ["code"])
COUNTED_ALONE = Counter("rate_counted_alone_total", "Requests counted by one replica as the storage was away.")
CONNECTIONS = Gauge("gateway_connections", "Open connections of clients.")
CONNECTIONS_CLOSED = Counter("gateway_connections_closed_total", "Connections that the gateway ended.", ["reason"])
SLOW_CLIENTS = Gauge("gateway_slow_clients", "Transfers that wait for their clients to read or send.")
SLOW_CLIENTS_ENDED = Counter(
    "gateway_slow_clients_ended_total", "Transfers that were ended because of slow clients.", ["reason"]
)
SOCKETS = Gauge("sockets_open", "Open WebSockets, by service.", ["service"])
SOCKETS_CLOSED = Counter("sockets_closed_total", "WebSockets that have ended, by close code.", ["service", "code"])
IN_FLIGHT = Gauge("gateway_in_flight", "Requests being forwarded, by upstream.", ["upstream"])


def serve(host: str, port: int | None) -> None:
    """Answer `GET /metrics` on this port, where one is set."""
    if port is not None:
        start_http_server(port, addr=host)
