"""The metrics of the gateway, in addition to those of every process in shared/metrics.py."""

from prometheus_client import Counter, Gauge

REJECTED = Counter("gateway_refused_total", "Requests that the gateway rejected itself.", ["code"])
LOCAL_FALLBACKS = Counter(
    "rate_counted_alone_total", "Requests counted by one replica because the storage was unavailable."
)
CONNECTIONS = Gauge("gateway_connections", "Open connections of clients.")
CONNECTIONS_CLOSED = Counter("gateway_connections_closed_total", "Connections that the gateway ended.", ["reason"])
SLOW_CLIENTS = Gauge("gateway_slow_clients", "Transfers that wait for their clients to read or send.")
SLOW_CLIENTS_ENDED = Counter(
    "gateway_slow_clients_ended_total", "Transfers that were ended because of slow clients.", ["reason"]
)
IN_FLIGHT = Gauge("gateway_in_flight", "Requests being forwarded, by upstream.", ["upstream"])
