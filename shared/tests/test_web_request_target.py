"""A query is accepted only if each parameter is declared by the route, given once, and UTF-8."""

import pytest

from shared.testing import LiveService
from shared.tests.sample_service import MINTER

LIST, ITEM = "/api/v1/things", "/api/v1/things/0037a52d5f400001"


def refused(standing: LiveService, path: str, method: str = "GET") -> tuple[int, str, list[tuple[str, str]]]:
    """Status, code, and the pointer and code of each field error."""
    body = standing.client.request(method, path, headers=MINTER.bearer(1)).json()
    return body["status"], body["code"], [(each["pointer"], each["code"]) for each in body.get("errors", [])]


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("curser=x", "/curser"),
        ("LIMIT=5", "/LIMIT"),
        ("limit[]=5", "/limit[]"),
        ("=x", "/"),
        ("a~b%2Fc", "/a~0b~1c"),
        ("limit=5&%EC%83%89=1", "/색"),
        ("colour=red;x=1&utm_source=feed", "/utm_source"),
        ("x=1&x=2", "/x"),
    ],
)
def test_unknown_parameter_is_refused_by_its_name(standing: LiveService, query: str, pointer: str) -> None:
    assert refused(standing, f"{LIST}?{query}") == (422, "unknown_parameter", [(pointer, "unknown_parameter")])


@pytest.mark.parametrize("query", ["limit=5&limit=7", "limit=5&limit=5", "limit=5&colour=a&l%69mit=", "limit&limit"])
def test_duplicate_parameter_is_refused(standing: LiveService, query: str) -> None:
    assert refused(standing, f"{LIST}?{query}") == (422, "repeated_parameter", [("/limit", "repeated_parameter")])


def test_every_error_is_reported_up_to_a_limit(standing: LiveService) -> None:
    field_errors = [("/a", "unknown_parameter"), ("/limit", "repeated_parameter")]
    assert refused(standing, f"{LIST}?limit=1&a=1&limit=2") == (422, "validation_failed", field_errors)
    assert len(refused(standing, f"{LIST}?{'&'.join(map(str, range(1_000)))}")[2]) == 20


@pytest.mark.parametrize("query", ["colour=%FF", "colour=%ED%A0%80", "%C3=1"])
def test_query_that_is_not_utf_8_is_malformed(standing: LiveService, query: str) -> None:
    assert refused(standing, f"{LIST}?{query}") == (400, "malformed_query", [])


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_route_without_parameters_accepts_none(standing: LiveService, method: str) -> None:
    assert refused(standing, f"{ITEM}?limit=5", method)[:2] == (422, "unknown_parameter")
    assert standing.client.request(method, f"{ITEM}?").status_code in (200, 204)


def test_health_routes_check_parameters_too(standing: LiveService) -> None:
    assert refused(standing, "/healthz?verbose=1")[:2] == (422, "unknown_parameter")


@pytest.mark.parametrize("query", ["", "limit=5", "colour=red", "colour=", "limit=5&colour=%EB%B9%A8%EA%B0%95", "&&"])
def test_declared_parameters_are_accepted(standing: LiveService, query: str) -> None:
    assert standing.client.get(f"{LIST}?{query}").status_code == 200


def test_body_is_not_read_when_the_query_is_invalid(standing: LiveService) -> None:
    answer = standing.client.post(f"{LIST}?colour=red", content=b"{", headers={"content-type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (422, "unknown_parameter")
