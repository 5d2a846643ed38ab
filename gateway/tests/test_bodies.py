"""What clients send along: how much, how slowly, and what becomes of the answer meanwhile."""

import select
import socket
from collections.abc import Iterator

import pytest

from gateway.exchange import Receive, Send
from shared.body_limits import MAX_JSON_BYTES, MAX_UPLOAD_BYTES
from shared.testing.waiting import eventually

from .house import House, Raw, open_house, refused
from .stub import Asked, never

LOGIN = "/api/v1/auth/login"
MEDIA = "/api/v1/media"


def head(house: House, path: str, *lines: str) -> bytes:
    """The head of a POST by somebody who is signed in."""
    token = house.token_issuer.bearer(1)["authorization"]
    return "\r\n".join([f"POST {path} HTTP/1.1", "host: a", f"authorization: {token}", *lines, "", ""]).encode()


def chunk(data: bytes) -> bytes:
    """One chunk on the line."""
    return b"%x\r\n%s\r\n" % (len(data), data)


def chunks(total: int, size: int = 50_000) -> Iterator[bytes]:
    """So many bytes, of no declared length."""
    for start in range(0, total, size):
        yield b"x" * min(size, total - start)


def test_a_document_may_be_as_large_as_the_limit(house: House) -> None:
    for content in (b"x" * MAX_JSON_BYTES, chunks(MAX_JSON_BYTES)):
        assert house.web.post(LOGIN, content=content).status_code == 200
        assert len(house.services.at(LOGIN)[-1].body) == MAX_JSON_BYTES


def test_a_document_above_the_limit_is_refused_with_and_without_a_length(house: House) -> None:
    before = len(house.services.at(LOGIN))
    for content in (b"x" * (MAX_JSON_BYTES + 1), b"x" * 1_000_000, chunks(MAX_JSON_BYTES + 1), chunks(5_000_000)):
        answer = house.web.post(LOGIN, content=content)
        assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    assert len(house.services.at(LOGIN)) == before


def test_a_declared_length_above_the_limit_is_refused_before_anything_is_sent(house: House) -> None:
    for path, limit in ((LOGIN, MAX_JSON_BYTES), (MEDIA, MAX_UPLOAD_BYTES), ("/api/v1/auth/logout", MAX_JSON_BYTES)):
        answer = house.raw(head(house, path, f"content-length: {limit + 1}", "expect: 100-continue"))
        assert (answer.status, answer.code) == (413, "too_large")


def test_who_asks_first_is_told_to_go_on(house: House) -> None:
    with socket.create_connection(("127.0.0.1", house.port), timeout=10) as line:
        line.sendall(head(house, LOGIN, "content-length: 2", "expect: 100-continue"))
        stream = line.makefile("rb")
        assert Raw.read(stream).status == 100
        line.sendall(b"{}")
        assert Raw.read(stream).status == 200


def test_a_body_counts_also_where_none_belongs(house: House) -> None:
    for method, path in (("GET", "/healthz"), ("GET", "/api/v1/posts"), ("DELETE", "/api/v1/posts/1")):
        answer = house.web.request(method, path, content=chunks(1_000_000), headers=house.token_issuer.bearer(1))
        assert answer.status_code == 413


def test_an_upload_of_declared_length_may_be_as_large_as_the_limit(house: House) -> None:
    answer = house.web.post(MEDIA, content=b"x" * MAX_UPLOAD_BYTES, headers=house.token_issuer.bearer(1))
    assert answer.status_code == 200
    assert len(house.services.at(MEDIA)[-1].body) == MAX_UPLOAD_BYTES


def test_an_upload_without_a_length_is_counted_and_refused_when_it_is_too_large(house: House) -> None:
    endings: list[str] = []

    async def take_all(asked: Asked, receive: Receive, send: Send) -> None:
        while (message := await receive())["type"] == "http.request" and message["more_body"]:
            pass
        endings.append(message["type"])

    house.services.behaviours["/api/v1/rooms/1/media"] = take_all
    answer = house.web.post(
        "/api/v1/rooms/1/media", content=chunks(MAX_UPLOAD_BYTES + 1), headers=house.token_issuer.bearer(1)
    )
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    eventually(lambda: endings == ["http.disconnect"])


def test_a_body_without_end_is_answered_and_then_cut_off(house: House) -> None:
    sent = 0
    with socket.create_connection(("127.0.0.1", house.port), timeout=10) as line:
        line.sendall(head(house, LOGIN, "transfer-encoding: chunked"))
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


def test_a_body_that_comes_too_slowly_is_given_up() -> None:
    with open_house(body_seconds=0.2) as house:
        answer = house.raw(head(house, LOGIN, "content-length: 1000") + b"{")
        assert (answer.status, answer.code) == (408, "request_timeout")
        assert not house.services.at(LOGIN), "a slow client holds up no service"


def test_a_service_that_takes_an_upload_and_keeps_silent_is_503() -> None:
    with open_house(heavy_seconds=0.3) as house:
        house.services.behaviours[MEDIA] = never
        answer = house.web.post(MEDIA, content=b"x" * 100_000, headers=house.token_issuer.bearer(1))
        assert (answer.status_code, answer.json()["code"]) == (503, "upstream_timeout")


def test_a_client_that_leaves_in_the_middle_of_a_document_leaves_no_trace(house: House) -> None:
    before = len(house.services.at(LOGIN))
    with socket.create_connection(("127.0.0.1", house.port), timeout=10) as line:
        line.sendall(head(house, LOGIN, "content-length: 1000") + b"{")
    assert house.web.get("/healthz").status_code == 200
    assert len(house.services.at(LOGIN)) == before


CODED = [
    ("POST", LOGIN),
    ("POST", "/api/v1/posts"),
    ("PATCH", "/api/v1/users/me"),
    ("POST", MEDIA),
]


@pytest.mark.parametrize("coding", ["gzip", "br", "GZIP", "zstd", "gzip, br", "aws-chunked"])
@pytest.mark.parametrize(("method", "path"), CODED)
def test_a_body_with_a_content_coding_is_refused(house: House, method: str, path: str, coding: str) -> None:
    asked = len(house.services.at(path))
    headers = {**house.token_issuer.bearer(1), "content-encoding": coding}
    answer = house.web.request(method, path, content=b"\x1f\x8b", headers=headers)
    assert refused(answer) == (415, "unsupported_media_type")
    assert answer.headers["accept-encoding"] == "identity"
    assert len(house.services.at(path)) == asked


def test_several_lines_of_codings_are_as_good_as_one(house: House) -> None:
    lines = [("content-encoding", "gzip"), ("content-encoding", "br")]
    assert refused(house.web.post(LOGIN, content=b"{}", headers=lines)) == (415, "unsupported_media_type")


@pytest.mark.parametrize("coding", ["identity", "Identity", " "])
def test_no_coding_may_be_said(house: House, coding: str) -> None:
    head = f"POST /api/v1/auth/login HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\ncontent-encoding: {coding}\r\n\r\n"
    assert house.raw(head.encode() + b"{}").status == 200
