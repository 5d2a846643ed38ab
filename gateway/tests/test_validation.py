"""Validation of request heads: the bytes that clients and attackers send."""

import json
import socket

import pytest

from .gateway_server import LiveGateway, Raw

GET = b"GET /api/v1/posts HTTP/1.1\r\nhost: example.com\r\n"
LOGIN = b"POST /api/v1/auth/login HTTP/%b\r\nhost: a\r\ncontent-type: application/json\r\n"
CHUNKED = b"2\r\n{}\r\n0\r\n\r\n"


def target(path: str) -> bytes:
    """A request for this path."""
    return f"GET {path} HTTP/1.1\r\nhost: a\r\n\r\n".encode()


@pytest.mark.parametrize(
    "path",
    [
        "//api/v1/posts",
        "/api//v1/posts",
        "/api/v1/posts//",
        "/api/v1/./posts",
        "/api/v1/../v1/posts",
        "/api/v1/posts/..",
        "/api/v1/posts/.",
        "/..",
        "/%2e%2e/internal/revocations",
        "/api/v1/%2E%2e/posts",
        "/api/v1/posts/%2e",
        "/api/v1/.%2e/posts",
        "/api/v1%2fposts",
        "/api/v1%2Fposts",
        "/api/v1%5cposts",
        "/api/v1%5Cposts",
        "/api/v1\\posts",
        "/api/v1/posts%00",
        "/api/v1/posts/%0d%0aset-cookie:a",
        "/api/v1/posts/%1f",
        "/api/v1/posts/%7f",
        "/api/v1/posts/%",
        "/api/v1/posts/%2",
        "/api/v1/posts/%zz",
        "/api/v1/posts/%u0041",
        "/api/v1/posts/%ff",
        "/api/v1/posts/%c0%af",
        "/api/v1/posts/%ed%a0%80",
        "/api/v1/posts/<x>",
        '/api/v1/posts/"x"',
        "/api/v1/posts/{x}",
        "/api/v1/posts/|x",
        "/api/v1/posts/^x",
        "/api/v1/posts/`x",
        "*",
    ],
)
def test_ambiguous_path_is_refused(live: LiveGateway, path: str) -> None:
    answer = live.raw(target(path))
    assert (answer.status, answer.code) == (400, "malformed_path")


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/posts/a..b",
        "/api/v1/posts/...",
        "/api/v1/posts/.a",
        "/api/v1/posts/%ec%95%88",
        "/api/v1/posts/a%20b",
        "/api/v1/posts/%252f",
        "/api/v1/posts/!$&'()*+,;=:@-._~",
        "/api/v1/posts/a?x=../..//%2f%00\\",
        "http://a/api/v1/posts/absolute",
    ],
)
def test_unambiguous_path_is_accepted(live: LiveGateway, path: str) -> None:
    answer = live.raw(target(path))
    assert answer.status == 200
    assert json.loads(answer.body)["target"] == path.removeprefix("http://a")


@pytest.mark.parametrize("query", ["x=%ff", "x=%B9%D9", "%b9=1", "x=%c0%af", "x=%ed%a0%80", "a=1&b=%e2%82"])
def test_query_that_is_not_utf_8_is_refused(live: LiveGateway, query: str) -> None:
    answer = live.raw(target(f"/api/v1/posts?{query}"))
    assert (answer.status, answer.code) == (400, "malformed_query")


@pytest.mark.parametrize("query", ["x=%EC%95%88", "x=a+b", "x=100%", "x=%zz", "x=%00", "next=http://b/", ""])
def test_utf_8_query_is_accepted(live: LiveGateway, query: str) -> None:
    answer = live.raw(target(f"/api/v1/posts?{query}"))
    assert answer.status == 200
    assert json.loads(answer.body)["target"].partition("?")[2] == query


@pytest.mark.parametrize(
    "first",
    [
        "GET http://b/api/v1/posts HTTP/1.1",
        "GET http://a:80/api/v1/posts HTTP/1.1",
        "GET http://a@b/api/v1/posts HTTP/1.1",
        "GET http://user:password@a/api/v1/posts HTTP/1.1",
        "GET ftp://a/api/v1/posts HTTP/1.1",
        "GET /api/v1/posts#f HTTP/1.1",
        "GET  /api/v1/posts HTTP/1.1",
        "GET /api/v1/posts  HTTP/1.1",
        "GET /api/v1/posts RTSP/1.0",
        "SOURCE /api/v1/posts ICE/1.0",
    ],
)
def test_ambiguous_request_line_is_refused(live: LiveGateway, first: str) -> None:
    asked = len(live.services.asked)
    answer = live.raw(f"{first}\r\nhost: a\r\n\r\n".encode())
    assert (answer.status, answer.code) == (400, "malformed")
    assert answer.headers["connection"] == "close"
    assert len(live.services.asked) == asked


@pytest.mark.parametrize(
    "coding", ["gzip, chunked", "identity, chunked", "chunked, chunked", ", chunked", "x=1, chunked"]
)
def test_transfer_encoding_other_than_chunked_is_refused(live: LiveGateway, coding: str) -> None:
    answer = live.raw(LOGIN % b"1.1" + f"transfer-encoding: {coding}\r\n\r\n".encode() + CHUNKED)
    assert (answer.status, answer.code) == (400, "malformed")


def test_chunked_body_requires_http_1_1(live: LiveGateway) -> None:
    assert live.raw(LOGIN % b"1.1" + b"transfer-encoding: Chunked\r\n\r\n" + CHUNKED).status == 200
    assert live.raw(LOGIN % b"1.0" + b"transfer-encoding: chunked\r\n\r\n" + CHUNKED).status == 400


def test_request_head_may_arrive_in_pieces(live: LiveGateway) -> None:
    request = b"\r\n" + LOGIN % b"1.1" + b"content-length: 2\r\n\r\n{}"
    with live.connect() as line:
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        stream = line.makefile("rb")
        for _ in range(2):
            for byte in request:
                line.send(bytes([byte]))
            assert Raw.read(stream).status == 200


@pytest.mark.parametrize(
    "hosts",
    [
        b"",
        b"host: a\r\nhost: a\r\n",
        b"host: a\r\nHost: b\r\n",
        b"host:\r\n",
        b"host: a b\r\n",
        b"host: a/b\r\n",
        b"host: user@a\r\n",
        b"host: a:port\r\n",
        b"host: a:123456\r\n",
        b"host: [::1\r\n",
        b"host: a,b\r\n",
        b"host: -a\r\n",
        b"host: " + b"a" * 300 + b"\r\n",
    ],
)
def test_exactly_one_host_header_is_required(live: LiveGateway, hosts: bytes) -> None:
    answer = live.raw(b"GET /healthz HTTP/1.1\r\n" + hosts + b"\r\n")
    assert answer.status == 400
    assert answer.code in ("malformed_host", "repeated_header")


@pytest.mark.parametrize("host", [b"a", b"a.example.com:8080", b"127.0.0.1:1", b"[::1]:8080", b"my_host"])
def test_usual_host_forms_are_accepted(live: LiveGateway, host: bytes) -> None:
    assert live.raw(b"GET /healthz HTTP/1.1\r\nhost: " + host + b"\r\n\r\n").status == 200


@pytest.mark.parametrize(
    "name",
    ["authorization", "content-type", "idempotency-key", "origin", "range", "if-range", "user-agent"],
)
def test_repeated_singleton_header_is_refused(live: LiveGateway, name: str) -> None:
    answer = live.raw(GET + f"{name}: a\r\n{name}: a\r\n\r\n".encode())
    assert (answer.status, answer.code) == (400, "repeated_header")


def test_at_most_a_hundred_header_fields_are_accepted(live: LiveGateway) -> None:
    assert live.raw(GET + b"x: 1\r\n" * 99 + b"\r\n").status == 200
    answer = live.raw(GET + b"x: 1\r\n" * 100 + b"\r\n")
    assert (answer.status, answer.code) == (431, "headers_too_large")


def test_at_most_sixteen_kilobytes_of_header_fields_are_accepted(live: LiveGateway) -> None:
    fits = b"x: " + b"a" * (16 * 1024 - len("x" + "host" + "example.com"))
    assert live.raw(GET + fits + b"\r\n\r\n").status == 200
    answer = live.raw(GET + fits + b"a\r\n\r\n")
    assert (answer.status, answer.code) == (431, "headers_too_large")


def test_url_length_is_limited(live: LiveGateway) -> None:
    query = "a" * (8 * 1024 - len("/api/v1/posts/long"))
    assert live.raw(target(f"/api/v1/posts/long?{query}")).status == 200
    answer = live.raw(target(f"/api/v1/posts/long?{query}a"))
    assert (answer.status, answer.code) == (414, "uri_too_long")


@pytest.mark.parametrize(
    "request_",
    [
        b"nonsense\r\n\r\n",
        b"BREW /api/v1/posts HTTP/1.1\r\nhost: a\r\n\r\n",
        b"GET /api/v1/posts HTTP/9.9\r\nhost: a\r\n\r\n",
        b"GET /api/v1/posts/\xc3\xa9 HTTP/1.1\r\nhost: a\r\n\r\n",
        b"GET /api/v1/posts HTTP/1.1\r\nhost : a\r\n\r\n",
        b"GET /api/v1/posts HTTP/1.1\r\nhost: a\r\n folded: b\r\n\r\n",
        b"GET /api/v1/posts HTTP/1.1\r\nhost: a\r\nna me: b\r\n\r\n",
        b"GET /api/v1/posts HTTP/1.1\r\nhost: a\r\nx: a\x00b\r\n\r\n",
        b"CONNECT a:443 HTTP/1.1\r\nhost: a\r\n\r\n",
        b"POST /api/v1/auth/login HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\na",
        b"POST /api/v1/auth/login HTTP/1.1\r\nhost: a\r\ncontent-length: -1\r\n\r\n",
        b"POST /api/v1/auth/login HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n",
        b"POST /api/v1/auth/login HTTP/1.1\r\nhost: a\r\ntransfer-encoding: gzip, chunked, x\r\n\r\n",
    ],
)
def test_invalid_http_gets_a_problem_response(live: LiveGateway, request_: bytes) -> None:
    answer = live.raw(request_)
    assert 400 <= answer.status < 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["x-content-type-options"] == "nosniff"
    problem = json.loads(answer.body)
    assert problem["status"] == answer.status and problem["code"]
    assert problem["request_id"] == answer.headers["x-request-id"]


def test_endless_request_head_does_not_fill_memory(live: LiveGateway) -> None:
    sent = 0
    with live.connect() as line:
        line.sendall(GET + b"x: ")
        try:
            while sent < 50_000_000:
                sent += line.send(b"a" * 65536)
        except OSError:
            pass
    assert sent < 50_000_000, "it took in all of it"
    assert live.web.get("/healthz").status_code == 200


@pytest.mark.parametrize("protocol", [b"websocket", b"h2c"])
def test_upgrade_to_another_protocol_is_ignored(live: LiveGateway, protocol: bytes) -> None:
    head = b"GET /healthz HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: " + protocol
    extra = b"\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    assert live.raw(head + extra).status == 200


def test_pipelined_requests_are_answered_in_order(live: LiveGateway) -> None:
    with live.connect() as line:
        line.sendall(target("/healthz") + target("/nowhere") + target("/healthz"))
        stream = line.makefile("rb")
        assert [Raw.read(stream).status for _ in range(3)] == [200, 404, 200]
