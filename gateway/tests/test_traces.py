"""Traces at the gateway: they start here; a client neither continues nor forces one."""

from shared.testing.trace_receiver import traced
from shared.testing.waiting import eventually

from .gateway_server import BOTH_WAYS, live_gateway

OF_CLIENT = f"00-{'1' * 32}-{'2' * 16}-01"
PATH = "/api/v1/posts"


@BOTH_WAYS
def test_trace_starts_at_the_gateway_and_goes_on_at_the_service() -> None:
    with traced() as receiver, live_gateway() as live:
        assert live.web.get(PATH, headers={"traceparent": OF_CLIENT, "tracestate": "a=b"}).status_code == 200
        (asked,) = live.services.at(PATH)
        eventually(lambda: receiver.named("gateway", f"GET {PATH}"))
        (request,), (call,) = receiver.named("gateway", f"GET {PATH}"), receiver.named("gateway", "call posts")
        (traceparent,) = asked.all("traceparent")
        assert traceparent[3:52] == f"{request.trace_id}-{call.span_id}" and request.trace_id != "1" * 32
        assert (request.parent_id, call.parent_id) == ("", request.span_id)
        assert "tracestate" not in asked.names
        assert request.attributes["http.response.status_code"] == call.attributes["http.response.status_code"] == "200"


def test_client_cannot_force_a_trace() -> None:
    with traced(OTEL_TRACES_SAMPLER="traceidratio", OTEL_TRACES_SAMPLER_ARG="0") as receiver, live_gateway() as live:
        assert live.web.get(PATH, headers={"traceparent": OF_CLIENT}).status_code == 200
        (asked,) = live.services.at(PATH)
        assert "traceparent" not in asked.names
    assert receiver.bodies == []


def test_probes_and_unknown_routes() -> None:
    with traced() as receiver, live_gateway() as live:
        live.web.get("/readyz")
        assert live.web.request("PROPFIND", "/secret").status_code == 405
        assert live.web.get("/secret").status_code == 404
        eventually(lambda: len(receiver.spans) == 2)
        assert {each.name for each in receiver.spans} == {"other unknown", "GET unknown"}
        assert b"secret" not in b"".join(receiver.bodies).lower()
