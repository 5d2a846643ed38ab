"""Places at a service: only so many requests wait for it, and what takes long leaves some to the others."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

from gateway.app import Gateway
from gateway.visit import Message
from shared.testing.waiting import eventually

from .house import open_house, refused
from .stub import waiting

POSTS = "/api/v1/posts"


def test_only_so_many_requests_wait_for_one_service() -> None:
    with open_house(in_flight=3) as house, ThreadPoolExecutor(3) as pool:
        go_on = threading.Event()
        house.services.behaviours[POSTS] = waiting(threading.Event(), go_on)
        begun = [pool.submit(house.web.get, POSTS) for _ in range(3)]
        eventually(lambda: len(house.services.at(POSTS)) == 3)
        assert refused(house.web.get(f"{POSTS}/1")) == (503, "upstream_busy")
        assert house.web.get("/api/v1/users/1").status_code == 200, "the others have places of their own"
        go_on.set()
        assert [each.result().status_code for each in begun] == [200] * 3
        assert house.web.get(f"{POSTS}/1").status_code == 200


def test_pictures_never_take_all_places() -> None:
    with open_house(in_flight=3, heavy_in_flight=1) as house, ThreadPoolExecutor(1) as pool:
        go_on = threading.Event()
        house.services.behaviours["/api/v1/media/slow.jpg"] = waiting(threading.Event(), go_on)
        begun = pool.submit(house.web.get, "/api/v1/media/slow.jpg")
        eventually(lambda: house.services.at("/api/v1/media/slow.jpg"))
        assert refused(house.web.get("/api/v1/media/b.jpg")) == (503, "upstream_busy")
        assert house.web.get(POSTS).status_code == 200
        go_on.set()
        assert begun.result().status_code == 200
        assert house.web.get("/api/v1/media/b.jpg").status_code == 200


def test_passwords_never_take_all_places() -> None:
    with open_house(in_flight=3, slow_in_flight=1) as house, ThreadPoolExecutor(1) as pool:
        go_on = threading.Event()
        login = "/api/v1/auth/login"
        house.services.behaviours[login] = waiting(threading.Event(), go_on)
        begun = pool.submit(house.web.post, login, json={})
        eventually(lambda: house.services.at(login))
        assert refused(house.web.post(login, json={})) == (503, "upstream_busy")
        assert house.web.get("/api/v1/users/1").status_code == 200
        go_on.set()
        assert begun.result().status_code == 200


CROWD = 50


async def answered(gateway: Gateway, method: str, path: str, answers: list[str]) -> None:
    """Ask past the sockets, so that all ask at the same instant; the path is added when the answer begins."""
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


def test_a_crowd_that_logs_in_lets_others_go_first() -> None:
    login = "/api/v1/auth/login"

    async def crowd(gateway: Gateway) -> list[str]:
        answers: list[str] = []
        asked = [("POST", login)] * CROWD + [("GET", "/healthz")]
        await asyncio.gather(*(answered(gateway, method, path, answers) for method, path in asked))
        return answers

    with open_house(in_flight=3, slow_in_flight=1) as house, ThreadPoolExecutor(1) as pool:
        go_on = threading.Event()
        house.services.behaviours[login] = waiting(threading.Event(), go_on)
        begun = pool.submit(house.web.post, login, json={})
        eventually(lambda: house.services.at(login))
        answers = asyncio.run_coroutine_threadsafe(crowd(house.gateway), house.loop).result(10)
        go_on.set()
        assert begun.result().status_code == 200
    assert len(answers) == CROWD + 1
    assert answers.index("/healthz") < 5, "it came last, and waits for hardly any of those before it"
