"""Forwarded requests as the services receive them, and responses as the client receives them."""

import asyncio
import json
import socket
import threading
from collections.abc import Iterator

import httpx
import pytest

from gateway.exchange import Receive, Send
from gateway.request.body import BUFFERED_BYTES
from shared.testing.waiting import WAIT_SECONDS, eventually

from .gateway_server import BOTH_WAYS, LiveGateway
from .stub_services import ReceivedRequest, answering, say, start

pytestmark = BOTH_WAYS

JPEG = {"content-type": "image/jpeg", "etag": '"a"', "cache-control": "public, max-age=31536000, immutable"}


def test_only_listed_headers_are_forwarded(live: LiveGateway) -> None:
    sent = {
        "accept": "application/json",
        "accept-language": "ko",
        "content-type": "application/json",
        "idempotency-key": "k-1",
        "user-agent": "phone/1.0",
        "x-request-id": "from-the-client.1",
        # and these do not
        "cookie": "session=1",
        "connection": "keep-alive, x-secret",
        "forwarded": "for=1.2.3.4",
        "x-forwarded-for": "1.2.3.4",
        "x-forwarded-proto": "https",
        "x-real-ip": "1.2.3.4",
        "x-secret": "1",
        "x-user-id": "0037a52d5f400001",
        "x_user_id": "0037a52d5f400001",
        "te": "trailers",
    }
    live.web.post("/api/v1/posts", headers={**sent, **live.token_issuer.bearer(1)}, content=b"{}")
    asked = live.services.at("/api/v1/posts")[-1]
    assert asked.names == {
        *("accept", "accept-encoding", "accept-language", "authorization", "content-length", "content-type"),
        *("host", "idempotency-key", "user-agent", "x-forwarded-for", "x-request-id"),
    }
    assert asked.all("x-forwarded-for") == ["127.0.0.1"]
    assert asked.all("x-request-id") == ["from-the-client.1"]
    assert asked.all("idempotency-key") == ["k-1"]


def test_absent_client_headers_are_not_added(live: LiveGateway) -> None:
    answer = live.raw(b"GET /api/v1/posts/terse HTTP/1.1\r\nhost: a\r\n\r\n")
    assert answer.status == 200
    asked = live.services.at("/api/v1/posts/terse")[-1]
    assert asked.names == {"host", "x-forwarded-for", "x-request-id"}
    assert asked.all("host") != ["a"]


def test_repeated_header_is_joined(live: LiveGateway) -> None:
    live.raw(b"GET /api/v1/posts/lines HTTP/1.1\r\nhost: a\r\naccept: a/a\r\naccept: b/b\r\n\r\n")
    assert live.services.at("/api/v1/posts/lines")[-1].all("accept") == ["a/a, b/b"]


def test_non_ascii_header_text_is_forwarded_unchanged(live: LiveGateway) -> None:
    key = "열쇠".encode()
    head = b"POST /api/v1/auth/login HTTP/1.1\r\nhost: a\r\ncontent-length: 0\r\nidempotency-key: %s\r\n\r\n"
    assert live.raw(head % key).status == 200
    assert live.services.at("/api/v1/auth/login")[-1].all("idempotency-key") == [key.decode("latin-1")]


def test_header_that_is_not_utf_8_is_refused(live: LiveGateway) -> None:
    answer = live.raw(b"GET /api/v1/posts HTTP/1.1\r\nhost: a\r\nuser-agent: \xff\xfe\r\n\r\n")
    assert (answer.status, answer.code) == (400, "malformed_header")


@pytest.mark.parametrize("given", ["", "with space", "a" * 129, "<script>", "ü"])
def test_malformed_request_id_is_replaced(live: LiveGateway, given: str) -> None:
    answer = live.web.get("/api/v1/posts/ids", headers=[(b"x-request-id", given.encode())])
    made = answer.headers.get_list("x-request-id")
    assert len(made) == 1 and len(made[0]) == 32
    assert live.services.at("/api/v1/posts/ids")[-1].all("x-request-id") == made


def test_token_is_not_forwarded_to_public_routes(live: LiveGateway) -> None:
    assert live.web.get("/api/v1/auth/providers", headers={"authorization": "Bearer nonsense"}).status_code == 200
    assert live.services.at("/api/v1/auth/providers")[-1].all("authorization") == []


def test_valid_token_is_forwarded_to_optional_routes(live: LiveGateway) -> None:
    token = live.token_issuer.bearer(1)
    assert live.web.get("/api/v1/posts/optional", headers=token).status_code == 200
    assert live.services.at("/api/v1/posts/optional")[-1].all("authorization") == [token["authorization"]]


def test_path_and_query_are_forwarded_byte_for_byte(live: LiveGateway) -> None:
    target = "/api/v1/users/by-nickname/%EC%B9%9C%EA%B5%AC!(a)~%20b?q=%2F%zz&x=a+b&x=&=;%C3%A9"
    answer = live.raw(f"GET {target} HTTP/1.1\r\nhost: a\r\n\r\n".encode())
    assert json.loads(answer.body)["target"] == target


def test_hop_by_hop_response_headers_are_removed(live: LiveGateway) -> None:
    live.services.behaviours["/api/v1/media/a.jpg"] = answering(
        200,
        b"jpeg",
        **JPEG,
        content_security_policy="default-src 'none'; sandbox",
        connection="x-hop",
        x_hop="1",
        keep_alive="timeout=5",
        proxy_authenticate="Basic",
        upgrade="h2c",
        server="secret/1.0",
        x_request_id="another",
        x_frame_options="ALLOWALL",
        access_control_allow_origin="*",
    )
    answer = live.web.get("/api/v1/media/a.jpg")
    assert answer.content == b"jpeg"
    assert {name: answer.headers[name] for name in JPEG} == JPEG
    assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox"
    unwanted = {"x-hop", "keep-alive", "proxy-authenticate", "upgrade", "server", "access-control-allow-origin"}
    assert not unwanted & set(answer.headers)
    assert answer.headers.get_list("x-frame-options") == ["DENY"]
    assert len(answer.headers.get_list("date")) == len(answer.headers.get_list("x-request-id")) == 1
    assert answer.headers["x-request-id"] != "another"


@pytest.mark.parametrize("status", [201, 202, 204, 206, 304, 400, 404, 409, 412, 416, 418, 422, 429])
def test_every_response_below_500_is_forwarded_unchanged(live: LiveGateway, status: int) -> None:
    body = b"" if status in (204, 304) else b"whatever"
    live.services.behaviours["/api/v1/posts/as-it-is"] = answering(status, body, location="/api/v1/x", link="<a>")
    answer = live.web.get("/api/v1/posts/as-it-is")
    assert (answer.status_code, answer.content) == (status, body)
    assert (answer.headers["location"], answer.headers["link"]) == ("/api/v1/x", "<a>")


def test_redirects_are_forwarded_and_not_followed(live: LiveGateway) -> None:
    live.services.behaviours["/api/v1/posts/moved"] = answering(302, location="/api/v1/posts/elsewhere")
    answer = live.web.get("/api/v1/posts/moved", follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (302, "/api/v1/posts/elsewhere")
    assert not live.services.at("/api/v1/posts/elsewhere")


def test_compressed_responses_stay_compressed(live: LiveGateway) -> None:
    live.services.behaviours["/api/v1/posts/gz"] = answering(200, b"not really gzip", content_encoding="gzip")
    with live.web.stream("GET", "/api/v1/posts/gz") as answer:
        assert b"".join(answer.iter_raw()) == b"not really gzip"
        assert answer.headers["content-encoding"] == "gzip"


def test_json_body_is_forwarded_unchanged(live: LiveGateway) -> None:
    body = '{"text": "안녕", "n": 1e999'.encode()  # the gateway does not parse it
    live.web.patch("/api/v1/comments/1", content=body, headers=live.token_issuer.bearer(1))
    asked = live.services.at("/api/v1/comments/1")[-1]
    assert (asked.body, asked.all("content-length")) == (body, [str(len(body))])


def test_body_of_a_get_request_is_dropped(live: LiveGateway) -> None:
    answer = live.web.request("DELETE", "/api/v1/comments/2", content=b"{}", headers=live.token_issuer.bearer(1))
    assert answer.status_code == 200
    assert live.services.at("/api/v1/comments/2")[-1].body == b""


def test_head_is_forwarded_as_get_without_the_body(live: LiveGateway) -> None:
    live.services.behaviours["/api/v1/media/head.jpg"] = answering(200, b"x" * 300_000, **JPEG)
    answer = live.web.head("/api/v1/media/head.jpg")
    assert (answer.headers["content-length"], answer.content) == ("300000", b"")
    assert live.services.at("/api/v1/media/head.jpg")[-1].method == "GET"
    assert live.web.get("/api/v1/posts/after-head").status_code == 200


def test_upload_is_streamed_to_the_service(live: LiveGateway) -> None:
    arrived = threading.Event()

    async def take_some(asked: ReceivedRequest, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            asked.body += message["body"]
            arrived.set()
            if not message["more_body"]:
                return await say(send, 201, {})

    live.services.behaviours["/api/v1/media"] = take_some

    def parts() -> Iterator[bytes]:
        yield b"x" * BUFFERED_BYTES
        assert arrived.wait(WAIT_SECONDS), "the first part was held back"
        yield b"second"

    answer = live.web.post("/api/v1/media", content=parts(), headers=live.token_issuer.bearer(1))
    assert answer.status_code == 201
    asked = live.services.at("/api/v1/media")[-1]
    assert asked.body == b"x" * BUFFERED_BYTES + b"second"
    assert asked.all("transfer-encoding") == ["chunked"]


def test_upload_keeps_its_content_length(live: LiveGateway) -> None:
    live.web.put("/api/v1/users/me/avatar", content=b"x" * 100_000, headers=live.token_issuer.bearer(1))
    asked = live.services.at("/api/v1/users/me/avatar")[-1]
    assert asked.all("content-length") == ["100000"] and asked.all("transfer-encoding") == []


def test_response_is_streamed_to_the_client(live: LiveGateway) -> None:
    go_on = threading.Event()

    async def in_parts(asked: ReceivedRequest, receive: Receive, send: Send) -> None:
        await start(send, 200, (b"content-type", b"text/plain"))
        await send({"type": "http.response.body", "body": b"first", "more_body": True})
        assert await asyncio.to_thread(go_on.wait, 10)
        await send({"type": "http.response.body", "body": b"second"})

    live.services.behaviours["/api/v1/posts/parts"] = in_parts
    with live.web.stream("GET", "/api/v1/posts/parts") as answer:
        parts = answer.iter_raw()
        assert next(parts) == b"first"
        go_on.set()
        assert b"".join(parts) == b"second"


def test_client_disconnect_aborts_the_upload_to_the_service(live: LiveGateway) -> None:
    endings: list[str] = []

    async def take_all(asked: ReceivedRequest, receive: Receive, send: Send) -> None:
        while (message := await receive())["type"] == "http.request" and message["more_body"]:
            pass
        endings.append(message["type"])

    live.services.behaviours["/api/v1/rooms/1/media"] = take_all
    token = live.token_issuer.bearer(1)["authorization"]
    head = f"POST /api/v1/rooms/1/media HTTP/1.1\r\nhost: a\r\nauthorization: {token}\r\ncontent-length: 900000\r\n\r\n"
    with socket.create_connection(("127.0.0.1", live.port)) as line:
        line.sendall(head.encode() + b"x" * BUFFERED_BYTES)
        eventually(lambda: live.services.at("/api/v1/rooms/1/media"))
    eventually(lambda: endings == ["http.disconnect"])
    assert live.web.get("/api/v1/posts/still-there").status_code == 200


def test_early_response_to_an_upload_reaches_the_client(live: LiveGateway) -> None:
    async def refuse_early(asked: ReceivedRequest, receive: Receive, send: Send) -> None:
        await receive()
        await say(send, 415, {"code": "unsupported_media"})

    live.services.behaviours["/api/v1/rooms/2/media"] = refuse_early
    with httpx.Client(base_url=live.web.base_url, timeout=WAIT_SECONDS) as client:
        answer = client.post("/api/v1/rooms/2/media", content=b"x" * 5_000_000, headers=live.token_issuer.bearer(1))
    assert (answer.status_code, answer.json()) == (415, {"code": "unsupported_media"})
    assert answer.headers["connection"] == "close"
