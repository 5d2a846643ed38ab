"""The file format of requests, and the results of the constant-rate generator."""

from pathlib import Path

from bench.load.constant_rate import stream
from bench.load.requests import Request, read, write

from .stub_server import answering


def test_request_is_written_in_http_wire_format(tmp_path: Path) -> None:
    requests = [Request("GET", "/a", "t"), Request("POST", "/b", "t", b'{"c": "\n"}')]
    write(tmp_path / "requests", requests)
    first, second = read(tmp_path / "requests")
    head = b"GET /a HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: bench\r\nAuthorization: Bearer t\r\n\r\n"
    assert first == head
    assert second.endswith(b'Content-Length: 10\r\n\r\n{"c": "\n"}')


def test_each_response_is_counted_by_status() -> None:
    requests = [Request("GET", "/busy" if number % 4 == 0 else "/", "t") for number in range(40)]
    with answering() as server:
        found = stream(server.port, requests, rate=400, connections=8)
    assert found.statuses == {"200": 30, "503": 10}
    assert (found.sent, found.answered) == (40, 30)
    assert 0 < found.p50 <= found.p99 <= found.slowest
