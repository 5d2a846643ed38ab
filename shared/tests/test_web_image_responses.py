"""Images by GET and HEAD: with ETags, ranges and conditional requests (RFC 9110)."""

from pathlib import Path

import httpx
import pytest

from shared.files.storage_url import storage_from
from shared.testing import LiveService

URL = "/api/v1/picture/ab.jpg"
CONTENT = bytes(range(100))


@pytest.fixture
def pictures(standing: LiveService, tmp_path: Path) -> LiveService:
    standing.app.state.storage = storage = storage_from((tmp_path / "files").as_uri())
    storage.put("ab.jpg", CONTENT, "image/jpeg")
    storage.put("cd.jpg", CONTENT, "image/jpeg")
    return standing


def get(pictures: LiveService, url: str = URL, method: str = "GET", **headers: str) -> httpx.Response:
    return pictures.client.request(method, url, headers={name.replace("_", "-"): v for name, v in headers.items()})


def test_image_has_a_strong_etag(pictures: LiveService) -> None:
    first = get(pictures)
    assert first.headers["etag"].startswith('"') and first.headers["accept-ranges"] == "bytes"
    assert first.headers["etag"] == get(pictures).headers["etag"]
    assert first.headers["etag"] != get(pictures, "/api/v1/picture/cd.jpg").headers["etag"]


@pytest.mark.parametrize("known", ["{}", "*", "W/{}", '"other", {}', '"a,b",W/{} , "c"'])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_unchanged_image_gets_304(pictures: LiveService, known: str, method: str) -> None:
    whole = get(pictures)
    answer = get(pictures, method=method, if_none_match=known.format(whole.headers["etag"]), range="bytes=0-1")
    assert (answer.status_code, answer.content) == (304, b"")
    for name in ("etag", "cache-control", "cross-origin-resource-policy"):
        assert answer.headers[name] == whole.headers[name]
    assert "content-type" not in answer.headers


@pytest.mark.parametrize("known", ['"other"', 'W/"other"', "nonsense", '"'])
def test_other_etag_gets_the_image(pictures: LiveService, known: str) -> None:
    answer = get(pictures, if_none_match=known)
    assert (answer.status_code, answer.content) == (200, CONTENT)


def test_missing_image_is_404_with_any_condition(pictures: LiveService) -> None:
    for headers in ({"if_none_match": "*"}, {"range": "bytes=0-1"}, {}):
        for method in ("GET", "HEAD"):
            assert get(pictures, "/api/v1/picture/none.jpg", method, **headers).status_code == 404


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [
        ("bytes=0-9", 0, 10),
        ("bytes=90-", 90, 100),
        ("bytes=-10", 90, 100),
        ("bytes=-1000", 0, 100),
        ("bytes=99-99", 99, 100),
        ("bytes=50-1000", 50, 100),
        ("BYTES = 1 - 2", 1, 3),
    ],
)
def test_range_gets_206_with_that_part(pictures: LiveService, asked: str, start: int, end: int) -> None:
    answer = get(pictures, range=asked)
    assert (answer.status_code, answer.content) == (206, CONTENT[start:end])
    assert answer.headers["content-range"] == f"bytes {start}-{end - 1}/100"
    assert answer.headers["content-length"] == str(end - start)
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.headers["etag"] == get(pictures).headers["etag"]


@pytest.mark.parametrize("asked", ["bytes=100-", "bytes=100-200", "bytes=-0", "bytes=999999999999-"])
def test_range_outside_the_image_gets_416(pictures: LiveService, asked: str) -> None:
    answer = get(pictures, range=asked)
    assert (answer.status_code, answer.json()["code"]) == (416, "range_not_satisfiable")
    assert answer.headers["content-range"] == "bytes */100"
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    "asked", ["bytes=", "bytes=-", "bytes=5-2", "bytes=a-b", "items=0-1", "bytes=0-1,5-6", "0-1", ""]
)
def test_malformed_and_multiple_ranges_are_ignored(pictures: LiveService, asked: str) -> None:
    answer = get(pictures, range=asked)
    assert (answer.status_code, answer.content) == (200, CONTENT)


def test_range_of_another_version_gets_the_whole_image(pictures: LiveService) -> None:
    tag = get(pictures).headers["etag"]
    assert get(pictures, range="bytes=0-9", if_range=tag).status_code == 206
    for other in ('"other"', f"W/{tag}", "Sat, 28 Nov 2026 12:00:00 GMT"):
        assert get(pictures, range="bytes=0-9", if_range=other).status_code == 200


def test_head_has_the_headers_of_get(pictures: LiveService) -> None:
    whole, head = get(pictures), get(pictures, method="HEAD", range="bytes=0-1")
    assert (head.status_code, head.content) == (200, b"")
    for name in ("etag", "content-length", "content-type", "cache-control", "accept-ranges"):
        assert head.headers[name] == whole.headers[name]
