"""gzip of responses: which ones, for which clients, and with unchanged content."""

import zlib

import httpx
import pytest

from shared.compression import LEVEL, MIN_BYTES, accepts_gzip, gzipped
from shared.testing import LiveService

LONG = f"/api/v1/long/{MIN_BYTES}"


def asked(standing: LiveService, path: str, method: str = "GET", coding: str = "gzip") -> httpx.Response:
    """The response to a client that accepts this coding."""
    return standing.client.request(method, path, headers={"accept-encoding": coding})


def test_long_response_is_compressed(standing: LiveService) -> None:
    packed, plain = asked(standing, LONG), asked(standing, LONG, coding="identity")
    assert packed.headers["content-encoding"] == "gzip" and "content-encoding" not in plain.headers
    assert int(packed.headers["content-length"]) < len(plain.content) == MIN_BYTES
    assert packed.content == plain.content
    assert packed.headers["vary"] == plain.headers["vary"] == "accept-encoding"
    kept = {"content-type", "cache-control"}
    assert {name: packed.headers[name] for name in kept} == {name: plain.headers[name] for name in kept}


def test_short_response_is_not_compressed(standing: LiveService) -> None:
    answer = asked(standing, f"/api/v1/long/{MIN_BYTES - 1}")
    assert "content-encoding" not in answer.headers and "vary" not in answer.headers


def test_only_responses_to_get_are_compressed_because_others_may_contain_tokens(standing: LiveService) -> None:
    assert "content-encoding" not in asked(standing, f"/api/v1/long/{4 * MIN_BYTES}", "POST").headers


def test_streamed_response_is_not_buffered(standing: LiveService) -> None:
    with pytest.raises(httpx.RemoteProtocolError):
        asked(standing, "/api/v1/cut")


def test_long_page_is_equal_with_and_without_compression(standing: LiveService) -> None:
    path = f"/api/v1/things?colour={'blue' * MIN_BYTES}"
    packed, plain = asked(standing, path), asked(standing, path, coding="")
    assert packed.json() == plain.json()


@pytest.mark.parametrize(
    ("given", "accepted"),
    [
        (b"gzip", True), (b"GZIP", True), (b"gzip, deflate, br, zstd", True), (b"br;q=1.0, gzip;q=0.001", True),
        (b"*", True), (b"br, *;q=0.1", True), (b"identity;q=0.5, gzip ; q=1", True),
        (b"", False), (b"identity", False), (b"br", False), (b"gzip;q=0", False), (b"gzip; Q=0.000", False),
        (b"*;q=0", False), (b"gzip;q=0, *", False), (b"xgzip", False), (b"gzipped", False), (b",,;,", False),
    ],
)  # fmt: skip
def test_accept_encoding_is_parsed(given: bytes, accepted: bool) -> None:
    assert accepts_gzip(given) is accepted


@pytest.mark.parametrize("level", [LEVEL, 9])
def test_compression_is_deterministic(level: int) -> None:
    body = bytes(range(256)) * 40
    assert gzipped(body, level) == gzipped(body, level)
    assert zlib.decompress(gzipped(body, level), 16 + zlib.MAX_WBITS) == body
