"""The gateway as a separate process: start, requests, shutdown."""

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

import gateway.main
from gateway.server.server import GatewayServer
from shared.testing.ports import free_port
from shared.testing.waiting import WAIT_SECONDS, eventually

from .gateway_server import SECRET, live_gateway
from .stub_services import StubServices, waiting
from .test_request_body import chunk

REPOSITORY = Path(__file__).parents[2]


def environment(services: StubServices, **more: str) -> dict[str, str]:
    """The environment variables of the process."""
    urls = {name.upper(): url for name, url in services.settings().items()}
    return {"SECRET": SECRET, **urls, **more}


@contextmanager
def process(services: StubServices, **more: str) -> Iterator[tuple[subprocess.Popen[bytes], httpx.Client]]:
    """`python -m gateway.main`, ready."""
    port = free_port()
    told = {**os.environ, **environment(services, PORT=str(port), **more)}
    with (
        subprocess.Popen([sys.executable, "-m", "gateway.main"], cwd=REPOSITORY, env=told) as running,
        httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=WAIT_SECONDS) as web,
    ):
        try:
            eventually(lambda: is_ready(web))
            yield running, web
        finally:
            running.kill()


def is_ready(web: httpx.Client) -> bool:
    try:
        return web.get("/readyz").status_code == 200
    except httpx.TransportError:
        return False


def memory_of(pid: int) -> int:
    """The memory of the process in kilobytes."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads a process' memory from /proc")
def test_endless_body_does_not_increase_memory() -> None:
    with live_gateway() as live, process(live.services) as (running, web):
        web.post("/api/v1/media", content=b"x" * 1_000_000, headers=live.token_issuer.bearer(1))
        before = memory_of(running.pid)
        token = live.token_issuer.bearer(1)["authorization"]
        head = f"POST /api/v1/media HTTP/1.1\r\nhost: a\r\nauthorization: {token}\r\ntransfer-encoding: chunked\r\n\r\n"
        sent = 0
        with socket.create_connection((web.base_url.host, web.base_url.port or 0), timeout=WAIT_SECONDS) as line:
            line.sendall(head.encode())
            try:
                while sent < 500_000_000:
                    line.sendall(chunk(b"x" * 1_000_000))
                    sent += 1_000_000
            except OSError:
                pass
        assert sent < 500_000_000
        assert memory_of(running.pid) - before < 20_000, "kilobytes"


def test_sigterm_makes_it_not_ready_and_finishes_running_requests() -> None:
    with live_gateway() as live, process(live.services, DRAIN_SECONDS="2") as (running, web):
        arrived, go_on = threading.Event(), threading.Event()
        live.services.behaviours["/api/v1/posts/slow"] = waiting(arrived, go_on)
        answers: list[httpx.Response] = []
        slow = threading.Thread(target=lambda: answers.append(web.get("/api/v1/posts/slow")))
        slow.start()
        assert arrived.wait(WAIT_SECONDS)
        running.send_signal(signal.SIGTERM)
        with httpx.Client(base_url=web.base_url, timeout=WAIT_SECONDS) as balancer:
            eventually(lambda: balancer.get("/readyz").json()["status"] == "draining")
            assert balancer.get("/readyz").status_code == 503
            assert balancer.get("/api/v1/posts").status_code == 200, "who comes meanwhile is served"
        go_on.set()
        slow.join(WAIT_SECONDS)
        assert [answer.status_code for answer in answers] == [200]
        running.wait(WAIT_SECONDS)
    assert running.returncode == -signal.SIGTERM


def test_sigint_stops_it_cleanly() -> None:
    with live_gateway() as live, process(live.services) as (running, _):
        running.send_signal(signal.SIGINT)
        assert running.wait(WAIT_SECONDS) == 0


def test_settings_are_read_from_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    servers: list[GatewayServer] = []

    class Seen(GatewayServer):
        def run(self, sockets: list[socket.socket] | None = None) -> None:
            servers.append(self)
            super().run(sockets)

    monkeypatch.setattr(gateway.main, "GatewayServer", Seen)
    monkeypatch.chdir(tmp_path)
    with live_gateway() as live:
        for name, value in environment(live.services, PORT="0", BROKER_URL="memory://").items():
            monkeypatch.setenv(name, value)
        thread = threading.Thread(target=gateway.main.main)
        thread.start()
        eventually(lambda: servers and servers[0].started)
        port = servers[0].servers[0].sockets[0].getsockname()[1]
        eventually(lambda: httpx.get(f"http://127.0.0.1:{port}/readyz", timeout=WAIT_SECONDS).status_code == 200)
        servers[0].should_exit = True
        thread.join(WAIT_SECONDS)
        assert not thread.is_alive()
