"""Bulkheads:

the number of concurrent requests per service is limited, and slow kinds of requests have separate limits.
"""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from gateway.app import Gateway
from gateway.exchange import Message
from shared.testing.waiting import WAIT_SECONDS, eventually

from .gateway_server import live_gateway, refused
from .stub_services import waiting

POSTS = "/api/v1/posts"


def test_concurrent_requests_per_service_are_bounded() -> None:
    with live_gateway(in_flight=3) as live, ThreadPoolExecutor(3) as pool:
        go_on = threading.Event()
        live.services.behaviours[POSTS] = waiting(threading.Event(), go_on)
        begun = [pool.submit(live.web.get, POSTS) for _ in range(3)]
        eventually(lambda: len(live.services.at(POSTS)) == 3)
        assert refused(live.web.get(f"{POSTS}/1")) == (503, "upstream_busy")
        assert live.web.get("/api/v1/users/1").status_code == 200, "the others have places of their own"
        go_on.set()
        assert [each.result().status_code for each in begun] == [200] * 3
        assert live.web.get(f"{POSTS}/1").status_code == 200


def test_image_requests_do_not_use_all_slots() -> None:
    with live_gateway(in_flight=3, picture_in_flight=1) as live, ThreadPoolExecutor(1) as pool:
        go_on = threading.Event()
        live.services.behaviours["/api/v1/media/slow.jpg"] = waiting(threading.Event(), go_on)
        begun = pool.submit(live.web.get, "/api/v1/media/slow.jpg")
        eventually(lambda: live.services.at("/api/v1/media/slow.jpg"))
        assert refused(live.web.get("/api/v1/media/b.jpg")) == (503, "upstream_busy")
        assert live.web.get(POSTS).status_code == 200
        go_on.set()
        assert begun.result().status_code == 200
        assert live.web.get("/api/v1/media/b.jpg").status_code == 200


def test_address_has_a_share_of_the_image_slots() -> None:
    parts: dict[str, Any] = {"picture_in_flight": 3, "picture_in_flight_per_address": 2}
    with live_gateway(trusted_proxies=["127.0.0.1/32"], **parts) as live, ThreadPoolExecutor(2) as pool:
        go_on = threading.Event()
        slow = "/api/v1/media/slow.jpg"
        live.services.behaviours[slow] = waiting(threading.Event(), go_on)
        mine, other = {"x-forwarded-for": "192.0.2.1"}, {"x-forwarded-for": "192.0.2.2"}
        begun = [pool.submit(live.web.get, slow, headers=mine) for _ in range(2)]
        eventually(lambda: len(live.services.at(slow)) == 2)
        answer = live.web.get("/api/v1/media/b.jpg", headers=mine)
        assert refused(answer) == (429, "too_many_at_once")
        assert answer.headers["retry-after"] == "1"
        assert live.web.get("/api/v1/media/b.jpg", headers=other).status_code == 200
        go_on.set()
        assert [each.result().status_code for each in begun] == [200] * 2
        assert live.web.get("/api/v1/media/b.jpg", headers=mine).status_code == 200


@pytest.mark.parametrize("part", ["upload_in_flight_per_address", "upload_in_flight_per_person"])
def test_address_and_user_have_a_share_of_the_upload_slots(part: str) -> None:
    media, content = "/api/v1/media", b"x" * 100_000
    parts: dict[str, Any] = {part: 2}
    with (
        live_gateway(trusted_proxies=["127.0.0.1/32"], upload_in_flight=3, **parts) as live,
        ThreadPoolExecutor(3) as pool,
    ):
        by_person = part.endswith("person")

        def upload(person: int, address: int) -> httpx.Response:
            headers = {**live.token_issuer.bearer(person), "x-forwarded-for": f"192.0.2.{address}"}
            return live.web.post(media, content=content, headers=headers)

        go_on = threading.Event()
        live.services.behaviours[media] = waiting(threading.Event(), go_on)
        begun = [pool.submit(upload, 1 if by_person else n, n if by_person else 1) for n in (1, 2)]
        eventually(lambda: len(live.services.at(media)) == 2)
        answer = upload(1, 3) if by_person else upload(3, 1)
        assert refused(answer) == (429, "too_many_at_once")
        begun.append(pool.submit(upload, 3, 3))
        eventually(lambda: len(live.services.at(media)) == 3)
        answer = upload(4, 4)
        assert refused(answer) == (503, "upstream_busy")
        assert answer.headers["retry-after"] == "5"
        assert live.web.get("/api/v1/media/b.jpg").status_code == 200, "pictures have places of their own"
        go_on.set()
        assert [each.result().status_code for each in begun] == [200] * 3
        assert upload(1, 1).status_code == 200


def test_password_requests_do_not_use_all_slots() -> None:
    with live_gateway(in_flight=3, slow_in_flight=1) as live, ThreadPoolExecutor(1) as pool:
        go_on = threading.Event()
        login = "/api/v1/auth/login"
        live.services.behaviours[login] = waiting(threading.Event(), go_on)
        begun = pool.submit(live.web.post, login, json={})
        eventually(lambda: live.services.at(login))
        assert refused(live.web.post(login, json={})) == (503, "upstream_busy")
        assert live.web.get("/api/v1/users/1").status_code == 200
        go_on.set()
        assert begun.result().status_code == 200


REQUESTS = 50


async def answered(gateway: Gateway, method: str, path: str, answers: list[str]) -> None:
    """Send requests without sockets, all at the same time; a path is recorded when its response starts."""
    body = b"{}" if method == "POST" else b""
    sizes = [(b"content-type", b"application/json"), (b"content-length", b"2")] if body else []
    scope = {
        "type": "http", "http_version": "1.1", "method": method, "path": path, "raw_path": path.encode(),
        "query_string": b"", "scheme": "http", "client": ("127.0.0.1", 1), "headers": [(b"host", b"x"), *sizes],
    }  # fmt: skip

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            answers.append(path)

    await gateway(scope, receive, send)


def test_login_burst_does_not_delay_other_requests() -> None:
    login = "/api/v1/auth/login"

    async def send_all(gateway: Gateway) -> list[str]:
        answers: list[str] = []
        asked = [("POST", login)] * REQUESTS + [("GET", "/healthz")]
        await asyncio.gather(*(answered(gateway, method, path, answers) for method, path in asked))
        return answers

    with live_gateway(in_flight=3, slow_in_flight=1) as live, ThreadPoolExecutor(1) as pool:
        go_on = threading.Event()
        live.services.behaviours[login] = waiting(threading.Event(), go_on)
        begun = pool.submit(live.web.post, login, json={})
        eventually(lambda: live.services.at(login))
        answers = asyncio.run_coroutine_threadsafe(send_all(live.gateway), live.loop).result(WAIT_SECONDS)
        go_on.set()
        assert begun.result().status_code == 200
    assert len(answers) == REQUESTS + 1
    assert answers.index("/healthz") < 5, "it came last, and waits for hardly any of those before it"
