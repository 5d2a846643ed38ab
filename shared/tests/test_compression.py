"""Answers in gzip: which are, for whom, and that they unpack to the same bytes."""

import zlib

import httpx
import pytest

from shared.compression import LEVEL, SMALLEST, accepts_gzip, gzipped
from shared.testing import LiveService

LONG = f"/api/v1/long/{SMALLEST}"


def asked(standing: LiveService, path: str, method: str = "GET", coding: str = "gzip") -> httpx.Response:
    """The answer to whoever accepts this coding."""
    return standing.client.request(method, path, headers={"accept-encoding": coding})


def test_a_long_answer_comes_compressed(standing: LiveService) -> None:
    packed, plain = asked(standing, LONG), asked(standing, LONG, coding="identity")
    assert packed.headers["content-encoding"] == "gzip" and "content-encoding" not in plain.headers
    assert int(packed.headers["content-length"]) < len(plain.content) == SMALLEST
    assert packed.content == plain.content
    assert packed.headers["vary"] == plain.headers["vary"] == "accept-encoding"
    kept = {"content-type", "cache-control"}
    assert {name: packed.headers[name] for name in kept} == {name: plain.headers[name] for name in kept}


def test_a_short_answer_does_not(standing: LiveService) -> None:
    answer = asked(standing, f"/api/v1/long/{SMALLEST - 1}")
    assert "content-encoding" not in answer.headers and "vary" not in answer.headers


def test_only_answers_to_get_are_compressed_since_others_may_hold_tokens(standing: LiveService) -> None:
    assert "content-encoding" not in asked(standing, f"/api/v1/long/{4 * SMALLEST}", "POST").headers


def test_a_stream_is_sent_on_as_it_comes(standing: LiveService) -> None:
    with pytest.raises(httpx.RemoteProtocolError):
        asked(standing, "/api/v1/cut")


def test_a_long_page_is_the_same_either_way(standing: LiveService) -> None:
    path = f"/api/v1/things?colour={'blue' * SMALLEST}"
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
def test_a_client_says_what_it_takes(given: bytes, accepted: bool) -> None:
    assert accepts_gzip(given) is accepted


@pytest.mark.parametrize("level", [LEVEL, 9])
def test_the_same_bytes_are_packed_the_same_way(level: int) -> None:
    body = bytes(range(256)) * 40
    assert gzipped(body, level) == gzipped(body, level)
    assert zlib.decompress(gzipped(body, level), 16 + zlib.MAX_WBITS) == body
