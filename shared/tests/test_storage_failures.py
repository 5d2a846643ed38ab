"""Object storage that is away, refuses, is slow or breaks off: each call ends with Unavailable and changes nothing."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any

import pytest
from structlog.testing import capture_logs

from shared.errors import Unavailable
from shared.files import object_storage
from shared.files.storage import Storage
from shared.files.storage_url import storage_from
from shared.testing.ports import closed_port
from shared.testing.s3_server import BUCKET, Bucket, credentials, set_environment

CALLS: dict[str, Callable[[Storage], Any]] = {
    "put": lambda storage: storage.put("a.jpg", b"new", "image/jpeg"),
    "get": lambda storage: storage.get("a.jpg"),
    "get_range": lambda storage: storage.get_range("a.jpg", 0, 2),
    "stream": lambda storage: b"".join(storage.stream("a.jpg", 1_000)[1]),
    "size": lambda storage: storage.size("a.jpg"),
    "delete": lambda storage: storage.delete(["a.jpg"]),
    "pages": lambda storage: list(storage.pages()),
}


class StandIn(ThreadingHTTPServer):
    """A server in place of object storage, which counts the requests."""

    daemon_threads = True

    def __init__(self, answer: Callable[[BaseHTTPRequestHandler], None]) -> None:
        self.requests = 0
        self.closing = Event()
        stand_in = self

        class Handler(BaseHTTPRequestHandler):
            def handle_one_request(self) -> None:
                self.raw_requestline = self.rfile.readline(65_536)
                if self.raw_requestline and self.parse_request():
                    stand_in.requests += 1
                    self.rfile.read(int(self.headers.get("content-length", 0)))
                    answer(self)
                self.close_connection = True

            def log_request(self, *_: Any) -> None:
                pass

        super().__init__(("127.0.0.1", 0), Handler)


@contextmanager
def standing_in(answer: Callable[[BaseHTTPRequestHandler], None], patched: pytest.MonkeyPatch) -> Iterator[StandIn]:
    with StandIn(answer) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        set_environment(patched, credentials(f"http://127.0.0.1:{server.server_port}"))
        yield server
        server.closing.set()
        server.shutdown()


def require_unavailable(call: Callable[[Storage], Any], url: str = f"s3://{BUCKET}/one") -> None:
    with pytest.raises(Unavailable) as refusal:
        call(storage_from(url))
    assert (refusal.value.code, refusal.value.retry_after) == ("storage_unavailable", 5)


@pytest.mark.parametrize("name", CALLS)
def test_server_that_is_away(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with closed_port() as port:
        set_environment(monkeypatch, credentials(f"http://127.0.0.1:{port}"))
        require_unavailable(CALLS[name])


@pytest.mark.parametrize("name", CALLS)
def test_server_that_is_overloaded_is_asked_a_limited_number_of_times(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def overloaded(request: BaseHTTPRequestHandler) -> None:
        request.send_response(503)
        request.send_header("content-length", "0")
        request.end_headers()

    with standing_in(overloaded, monkeypatch) as server:
        require_unavailable(CALLS[name])
        assert 1 <= server.requests <= 1 + object_storage.MAX_RETRIES


@pytest.mark.parametrize("name", CALLS)
def test_server_that_never_answers(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(object_storage, "REQUEST_SECONDS", 0.05)
    monkeypatch.setattr(object_storage, "RETRY_SECONDS", 0.05)

    def never(_: BaseHTTPRequestHandler) -> None:
        server.closing.wait()

    with standing_in(never, monkeypatch) as server:
        require_unavailable(CALLS[name])
        assert server.requests <= 1 + object_storage.MAX_RETRIES


def test_no_call_may_take_longer_than_a_client_waits() -> None:
    assert object_storage.REQUEST_SECONDS + object_storage.RETRY_SECONDS <= 20


@pytest.mark.parametrize("name", ["get", "stream"])
def test_content_that_breaks_off_is_not_taken_for_the_whole(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def half(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        for header, value in (
            ("content-length", "1000"),
            ("etag", '"a"'),
            ("last-modified", "Sun, 29 Nov 2026 10:00:00 GMT"),
        ):
            request.send_header(header, value)
        request.end_headers()
        request.wfile.write(bytes(500))

    with standing_in(half, monkeypatch):
        require_unavailable(CALLS[name])


@pytest.mark.parametrize("name", CALLS)
def test_wrong_credentials_change_nothing(name: str, bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    right = storage_from(bucket.url)
    right.put("a.jpg", b"old", "image/jpeg")
    set_environment(monkeypatch, credentials(bucket.endpoint, secret_key="another"))
    require_unavailable(CALLS[name], bucket.url)
    assert right.get("a.jpg") == b"old"


def test_reason_is_logged_in_one_line_without_credentials(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    set_environment(monkeypatch, credentials(bucket.endpoint, secret_key="another-secret"))
    with capture_logs() as logged:
        require_unavailable(CALLS["put"], bucket.url)
    ((event, reason),) = [(entry["event"], entry["reason"]) for entry in logged]
    assert event == "storage failed" and reason.startswith("PermissionDeniedError") and "\n" not in reason
    assert "another-secret" not in reason and "Signature=" not in reason
