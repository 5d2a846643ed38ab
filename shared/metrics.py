"""Prometheus metrics, on a separate port that is never public."""

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
SOCKETS = Gauge("sockets_open", "Open WebSockets, by service.", ["service"])
SOCKETS_CLOSED = Counter("sockets_closed_total", "WebSockets that have ended, by close code.", ["service", "code"])


def serve(host: str, port: int | None) -> None:
    """Answer `GET /metrics` on this port, where one is set."""
    if port is not None:
        start_http_server(port, addr=host)
