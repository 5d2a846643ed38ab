"""Request bodies: size, speed, and responses before their end."""

import select
import socket
from collections.abc import Iterator

import pytest

from gateway.exchange import Receive, Send
from shared.body_limits import MAX_JSON_BYTES, MAX_UPLOAD_BYTES
from shared.testing.waiting import eventually

from .gateway_server import BOTH_WAYS, LiveGateway, Raw, live_gateway, refused
from .stub_services import ReceivedRequest, never

pytestmark = BOTH_WAYS

LOGIN = "/api/v1/auth/login"
MEDIA = "/api/v1/media"


def head(live: LiveGateway, path: str, *lines: str) -> bytes:
    """The head of a POST with a valid token."""
    token = live.token_issuer.bearer(1)["authorization"]
    return "\r\n".join([f"POST {path} HTTP/1.1", "host: a", f"authorization: {token}", *lines, "", ""]).encode()


def chunk(data: bytes) -> bytes:
    """One chunk in chunked encoding."""
    return b"%x\r\n%s\r\n" % (len(data), data)


def chunks(total: int, size: int = 50_000) -> Iterator[bytes]:
    """This number of bytes, without a declared length."""
    for start in range(0, total, size):
        yield b"x" * min(size, total - start)


def test_json_body_may_have_the_size_of_the_limit(live: LiveGateway) -> None:
    for content in (b"x" * MAX_JSON_BYTES, chunks(MAX_JSON_BYTES)):
        assert live.web.post(LOGIN, content=content).status_code == 200
        assert len(live.services.at(LOGIN)[-1].body) == MAX_JSON_BYTES


def test_json_body_above_the_limit_is_refused_with_and_without_a_length(live: LiveGateway) -> None:
    before = len(live.services.at(LOGIN))
    for content in (b"x" * (MAX_JSON_BYTES + 1), b"x" * 1_000_000, chunks(MAX_JSON_BYTES + 1), chunks(5_000_000)):
        answer = live.web.post(LOGIN, content=content)
        assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    assert len(live.services.at(LOGIN)) == before


def test_declared_length_above_the_limit_is_refused_before_the_body(live: LiveGateway) -> None:
    for path, limit in ((LOGIN, MAX_JSON_BYTES), (MEDIA, MAX_UPLOAD_BYTES), ("/api/v1/auth/logout", MAX_JSON_BYTES)):
        answer = live.raw(head(live, path, f"content-length: {limit + 1}", "expect: 100-continue"))
        assert (answer.status, answer.code) == (413, "too_large")


def test_expect_100_continue_is_answered(live: LiveGateway) -> None:
    with live.connect() as line:
        line.sendall(head(live, LOGIN, "content-length: 2", "expect: 100-continue"))
        stream = line.makefile("rb")
        assert Raw.read(stream).status == 100
        line.sendall(b"{}")
        assert Raw.read(stream).status == 200


def test_unexpected_body_is_limited_too(live: LiveGateway) -> None:
    for method, path in (("GET", "/healthz"), ("GET", "/api/v1/posts"), ("DELETE", "/api/v1/posts/1")):
        answer = live.web.request(method, path, content=chunks(1_000_000), headers=live.token_issuer.bearer(1))
        assert answer.status_code == 413


def test_upload_may_have_the_size_of_the_limit(live: LiveGateway) -> None:
    answer = live.web.post(MEDIA, content=b"x" * MAX_UPLOAD_BYTES, headers=live.token_issuer.bearer(1))
    assert answer.status_code == 200
    assert len(live.services.at(MEDIA)[-1].body) == MAX_UPLOAD_BYTES


def test_upload_without_a_length_is_counted_and_limited(live: LiveGateway) -> None:
    endings: list[str] = []

    async def take_all(asked: ReceivedRequest, receive: Receive, send: Send) -> None:
        while (message := await receive())["type"] == "http.request" and message["more_body"]:
            pass
        endings.append(message["type"])

    live.services.behaviours["/api/v1/rooms/1/media"] = take_all
    answer = live.web.post(
        "/api/v1/rooms/1/media", content=chunks(MAX_UPLOAD_BYTES + 1), headers=live.token_issuer.bearer(1)
    )
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    eventually(lambda: endings == ["http.disconnect"])


def test_endless_body_gets_a_response_and_is_cut_off(live: LiveGateway) -> None:
    sent = 0
    with live.connect() as line:
        line.sendall(head(live, LOGIN, "transfer-encoding: chunked"))
        while not select.select([line], [], [], 0)[0]:  # until there is something to read
            line.sendall(chunk(b"x" * 10_000))
            sent += 10_000
        answer = Raw.read(line.makefile("rb"))
        assert (answer.status, answer.headers["connection"]) == (413, "close")
        assert sent < 20_000_000
        with pytest.raises(OSError, match=r".*"):
            send_without_end(line)


def send_without_end(line: socket.socket) -> None:
    while True:
        line.sendall(chunk(b"x" * 10_000))


def test_slow_body_is_aborted() -> None:
    with live_gateway(body_seconds=0.2) as live:
        answer = live.raw(head(live, LOGIN, "content-length: 1000") + b"{")
        assert (answer.status, answer.code) == (408, "request_timeout")
        assert not live.services.at(LOGIN), "a slow client holds up no service"


def test_service_that_does_not_respond_to_an_upload_is_503() -> None:
    with live_gateway(heavy_seconds=0.3) as live:
        live.services.behaviours[MEDIA] = never
        answer = live.web.post(MEDIA, content=b"x" * 100_000, headers=live.token_issuer.bearer(1))
        assert (answer.status_code, answer.json()["code"]) == (503, "upstream_timeout")


def test_client_disconnect_during_a_body_is_not_logged(live: LiveGateway) -> None:
    before = len(live.services.at(LOGIN))
    with live.connect() as line:
        line.sendall(head(live, LOGIN, "content-length: 1000") + b"{")
    assert live.web.get("/healthz").status_code == 200
    assert len(live.services.at(LOGIN)) == before


CODED = [
    ("POST", LOGIN),
    ("POST", "/api/v1/posts"),
    ("PATCH", "/api/v1/users/me"),
    ("POST", MEDIA),
]


@pytest.mark.parametrize("coding", ["gzip", "br", "GZIP", "zstd", "gzip, br", "aws-chunked"])
@pytest.mark.parametrize(("method", "path"), CODED)
def test_body_with_a_content_encoding_is_refused(live: LiveGateway, method: str, path: str, coding: str) -> None:
    asked = len(live.services.at(path))
    headers = {**live.token_issuer.bearer(1), "content-encoding": coding}
    answer = live.web.request(method, path, content=b"\x1f\x8b", headers=headers)
    assert refused(answer) == (415, "unsupported_media_type")
    assert answer.headers["accept-encoding"] == "identity"
    assert len(live.services.at(path)) == asked


def test_repeated_content_encoding_headers_are_joined(live: LiveGateway) -> None:
    lines = [("content-encoding", "gzip"), ("content-encoding", "br")]
    assert refused(live.web.post(LOGIN, content=b"{}", headers=lines)) == (415, "unsupported_media_type")


@pytest.mark.parametrize("coding", ["identity", "Identity", " "])
def test_identity_content_encoding_is_accepted(live: LiveGateway, coding: str) -> None:
    head = f"POST /api/v1/auth/login HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\ncontent-encoding: {coding}\r\n\r\n"
    assert live.raw(head.encode() + b"{}").status == 200
