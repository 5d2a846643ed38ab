"""Every error is a problem document with a stable code, and reveals nothing internal."""

import re
import socket
from typing import Any

import httpx
import pytest

from shared import errors
from shared.problem_details import MAX_FIELD_ERRORS, STATUS, title
from shared.testing import LiveService
from shared.testing.waiting import WAIT_SECONDS
from shared.tests.sample_service import MINTER, REFUSALS


def assert_problem(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """The response is a problem document by RFC 9457 with our members."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["cache-control"] == "no-store"
    problem: dict[str, Any] = answer.json()
    usual = {"type", "title", "status", "detail", "instance", "code", "request_id"}
    assert problem.keys() == usual | ({"errors"} if status == 422 else set())
    assert (problem["type"], problem["status"], problem["code"]) == ("about:blank", status, code)
    assert problem["title"] == title(status)
    assert problem["request_id"] == answer.headers["x-request-id"]
    return problem


@pytest.mark.parametrize("name", REFUSALS)
def test_each_error_has_its_status(standing: LiveService, name: str) -> None:
    status = STATUS[REFUSALS[name]]
    answer = standing.client.get(f"/api/v1/refused/{name}")
    problem = assert_problem(answer, status, "some_code")
    assert problem["detail"] == "Some detail."
    assert problem["instance"] == f"/api/v1/refused/{name}"
    assert ("www-authenticate" in answer.headers) == (status == 401)
    assert ("retry-after" in answer.headers) == (status in (429, 503))


def test_every_error_class_has_a_status() -> None:
    assert set(STATUS) == set(errors.AppError.__subclasses__())
    assert len(set(STATUS.values())) == len(STATUS)


def test_field_error_has_a_pointer(standing: LiveService) -> None:
    problem = assert_problem(standing.client.get("/api/v1/refused/Field"), 422, "not_nice")
    assert problem["errors"] == [{"pointer": "/text", "code": "not_nice", "detail": "Be nice."}]


def test_internal_error_contains_no_details(standing: LiveService, capsys: pytest.CaptureFixture[str]) -> None:
    answer = standing.client.get("/api/v1/surprise", headers={"x-request-id": "req-500"})
    problem = assert_problem(answer, 500, "internal_error")
    assert problem["detail"] == "Something went wrong on our side."
    assert "hunter2" not in answer.text and "Traceback" not in answer.text
    assert standing.client.get("/healthz").status_code == 200
    logged = capsys.readouterr().err
    assert "RuntimeError" in logged and "req-500" in logged


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/", 404, "not_found"),
        ("GET", "/nothing", 404, "not_found"),
        ("GET", "/api/v1/things/", 404, "not_found"),
        ("GET", "/api/v1/things/none", 404, "not_found"),
        ("GET", "/api/v1/things/8000000000000000", 404, "not_found"),
        ("GET", "/api/v1/things/%00", 404, "not_found"),
        ("GET", "/api/v1/things/" + "x" * 5_000, 404, "not_found"),
        ("GET", "/docs", 404, "not_found"),
        ("GET", "/redoc", 404, "not_found"),
        ("PUT", "/api/v1/things", 405, "method_not_allowed"),
        ("TRACE", "/api/v1/things", 405, "method_not_allowed"),
        ("PROPFIND", "/api/v1/things", 405, "method_not_allowed"),
        ("HEAD", "/api/v1/things", 405, "method_not_allowed"),
    ],
)
def test_unknown_path_and_unsupported_method(
    standing: LiveService, method: str, path: str, status: int, code: str
) -> None:
    answer = standing.client.request(method, path)
    if method == "HEAD":
        assert answer.status_code == status
        return
    problem = assert_problem(answer, status, code)
    assert problem["instance"] == path
    assert ("allow" in answer.headers) == (status == 405)


@pytest.mark.parametrize(
    "request_line",
    [
        b"GET /api/v1/refused/NotFound?x=\xff HTTP/1.1",
        b"GET /api/v1/things?cursor=\xff\xfe HTTP/1.1",
        b"GET /api/v1/things/%ff%fe HTTP/1.1",
        b"GET /api/v1/things/%ed%a0%80 HTTP/1.1",
        b"GET //things HTTP/1.1",
        b"GET /a%0d%0ab:c?d#e HTTP/1.1",
        b"GET http://[/x HTTP/1.1",
    ],
)
@pytest.mark.parametrize("host", [b"service", b"[", b"a@b:c", b"", b"\xff", b"a:99999"])
def test_no_bytes_in_the_url_cause_a_500(standing: LiveService, request_line: bytes, host: bytes) -> None:
    """Sent without a client library, which would refuse them. The server may respond in its own words."""
    answer = raw(standing, request_line + b"\r\nhost: " + host + b"\r\nconnection: close\r\n\r\n")
    found = re.match(rb"HTTP/1.1 (\d{3})", answer)
    assert found is not None
    assert 400 <= int(found[1]) < 500


def raw(standing: LiveService, request: bytes) -> bytes:
    """The response to these bytes."""
    address = standing.url.removeprefix("http://").partition(":")
    with socket.create_connection((address[0], int(address[2])), timeout=WAIT_SECONDS) as connection:
        connection.sendall(request)
        received = b""
        while chunk := connection.recv(65_536):
            received += chunk
    return received


def test_number_of_reported_field_errors_is_bounded(standing: LiveService) -> None:
    body = {f"unknown{number}": 1 for number in range(3_000)}
    answer = standing.client.post("/api/v1/things", json=body, headers=bearer())
    problem = assert_problem(answer, 422, "validation_failed")
    assert len(problem["errors"]) == MAX_FIELD_ERRORS
    assert len(problem["detail"]) <= 1_000


def bearer() -> dict[str, str]:
    return MINTER.bearer(7)


def test_names_in_a_pointer_are_escaped(standing: LiveService) -> None:
    answer = standing.client.post("/api/v1/things", json={"text": "x", "a/b~c": 1}, headers=bearer())
    problem = assert_problem(answer, 422, "validation_failed")
    assert [each["pointer"] for each in problem["errors"]] == ["/a~1b~0c"]
