"""The documentation: one page and two descriptions, all from the own host, compressed once and revalidated."""

import gzip
import hashlib
import json
import re
from pathlib import Path
from typing import Any

import httpx
import pytest

from .gateway_server import LiveGateway, live_gateway_alone
from .stub_services import NAMES, StubServices

FILES = ("/docs/swagger-ui-bundle.js", "/docs/swagger-ui.css", "/docs/start.js", "/docs/favicon.png")
DESCRIPTIONS = ("/openapi.json", "/asyncapi.json")
DOCS = Path(__file__).parents[1] / "docs"


@pytest.mark.parametrize("path", DESCRIPTIONS)
def test_served_description_equals_the_committed_file(live: LiveGateway, path: str) -> None:
    answer = live.web.get(path)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    assert answer.content == (DOCS / path[1:]).read_bytes()


def test_description_contains_the_path_prefix() -> None:
    with live_gateway_alone(StubServices(), public_url="https://example.com/shutter/") as live:
        document = live.web.get("/openapi.json").json()
        assert [server["url"] for server in document["servers"]] == ["/shutter"]


@pytest.mark.parametrize("path", [*DESCRIPTIONS, "/docs"])
def test_description_is_served_without_services(path: str) -> None:
    """A client generator would otherwise store a problem document as the description."""
    away: dict[str, Any] = dict.fromkeys([f"{name}_url" for name in NAMES], "http://127.0.0.1:1")
    with live_gateway_alone(StubServices(), **away) as live:
        assert live.web.get("/readyz").status_code == 503
        assert live.web.get(path).status_code == 200


def test_documentation_page_links_to_the_socket_description(live: LiveGateway) -> None:
    assert "/asyncapi.json" in json.loads(live.web.get("/openapi.json").content)["info"]["description"]


def coded(live: LiveGateway, path: str, coding: str, **headers: str) -> httpx.Response:
    """The response to a client that accepts this coding."""
    return live.web.get(path, headers={"accept-encoding": coding, **headers})


@pytest.mark.parametrize("path", [*DESCRIPTIONS, "/docs/swagger-ui-bundle.js", "/docs/swagger-ui.css"])
def test_large_file_is_compressed_for_clients_that_accept_it(live: LiveGateway, path: str) -> None:
    packed, plain = coded(live, path, "br, gzip"), coded(live, path, "identity")
    assert packed.headers["content-encoding"] == "gzip" and "content-encoding" not in plain.headers
    assert packed.content == plain.content, "the client unpacks it"
    assert int(packed.headers["content-length"]) < int(plain.headers["content-length"]) / 2
    assert packed.headers["vary"] == plain.headers["vary"] == "accept-encoding"
    assert packed.headers["etag"] != plain.headers["etag"], "other bytes, another strong tag (RFC 9110, 8.8.3.3)"


@pytest.mark.parametrize("path", ["/docs/favicon.png", "/docs/start.js", "/docs", "/healthz"])
def test_small_files_and_images_are_not_compressed(live: LiveGateway, path: str) -> None:
    answer = coded(live, path, "gzip")
    assert "content-encoding" not in answer.headers and "vary" not in answer.headers


@pytest.mark.parametrize("path", [*DESCRIPTIONS, "/docs", *FILES])
@pytest.mark.parametrize("coding", ["gzip", "identity"])
def test_unchanged_file_gets_304(live: LiveGateway, path: str, coding: str) -> None:
    first = coded(live, path, coding)
    tag = first.headers["etag"]
    for given in (tag, f'"other", {tag}', f"W/{tag}", "*"):
        again = coded(live, path, coding, **{"if-none-match": given})
        assert (again.status_code, again.content) == (304, b"")
        for name in ("etag", "cache-control", "vary", "content-security-policy"):
            assert again.headers.get(name) == first.headers.get(name), name
    assert coded(live, path, coding, **{"if-none-match": '"other"'}).status_code == 200


def test_etag_matches_for_every_content_coding(live: LiveGateway) -> None:
    tag = coded(live, "/openapi.json", "gzip").headers["etag"]
    assert coded(live, "/openapi.json", "identity", **{"if-none-match": tag}).status_code == 304


def test_head_has_the_content_length_of_get(live: LiveGateway) -> None:
    raw = live.raw(b"GET /openapi.json HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip\r\nConnection: close\r\n\r\n")
    assert gzip.decompress(raw.body) == (DOCS / "openapi.json").read_bytes()
    head = live.web.head("/openapi.json", headers={"accept-encoding": "gzip"})
    assert head.headers["content-length"] == raw.headers["content-length"]
    assert head.headers["etag"] == raw.headers["etag"]


def test_documentation_page_uses_only_own_files(live: LiveGateway) -> None:
    page = live.web.get("/docs")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    named = re.findall(r"""(?:src|href)=["']([^"']+)""", page.text)
    assert sorted(str(page.url.join(name).path) for name in named) == sorted(FILES)
    assert not any(name.startswith("/") for name in named), "the page may be below a path of a proxy's"
    kinds = [live.web.get(path).headers["content-type"].partition(";")[0] for path in FILES]
    assert kinds == ["text/javascript", "text/css", "text/javascript", "image/png"]
    assert "SwaggerUIBundle" in live.web.get(FILES[0]).text


def test_documentation_page_has_no_inline_script_and_no_external_connection(live: LiveGateway) -> None:
    page = live.web.get("/docs")
    policy = dict(part.split(" ", 1) for part in page.headers["content-security-policy"].split("; "))
    assert (policy["default-src"], policy["script-src"], policy["connect-src"]) == ("'none'", "'self'", "'self'")
    assert not re.search(r"<script(?![^>]*\bsrc=)", page.text), "an inline script"
    assert not re.search(r"\son\w+=", page.text), "an inline handler"
    start = live.web.get("/docs/start.js").text
    assert 'url: "openapi.json"' in start and "persistAuthorization: true" in start
    assert "validatorUrl: null" in start, "the description would be sent to a checker on the net"


def test_unknown_documentation_file_is_not_found(live: LiveGateway) -> None:
    answer: httpx.Response = live.web.get("/docs/start.py")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_files_of_swagger_ui_are_those_of_the_package() -> None:
    folder = DOCS / "swagger_ui"
    version = json.loads((folder / "version.json").read_text())
    for name, sha256 in version["sha256"].items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == sha256
