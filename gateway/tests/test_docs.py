"""The documentation: one page and two descriptions, all of it from our own host, compressed once and validated."""

import gzip
import json
import re
from pathlib import Path

import httpx
import pytest

from .gateway_server import LiveGateway, live_gateway_alone
from .stub_services import NAMES, StubServices

FILES = ("/docs/swagger-ui-bundle.js", "/docs/swagger-ui.css", "/docs/start.js", "/docs/favicon.png")
DESCRIPTIONS = ("/openapi.json", "/asyncapi.json")
DOCS = Path(__file__).parents[1] / "docs"


@pytest.mark.parametrize("path", DESCRIPTIONS)
def test_a_description_is_the_one_that_was_written_with_these_routes(live: LiveGateway, path: str) -> None:
    answer = live.web.get(path)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    assert answer.content == (DOCS / path[1:]).read_bytes()


def test_the_description_names_the_path_below_which_everything_is() -> None:
    with live_gateway_alone(StubServices(), public_url="https://example.com/shutter/") as live:
        document = live.web.get("/openapi.json").json()
        assert [server["url"] for server in document["servers"]] == ["/shutter"]


@pytest.mark.parametrize("path", [*DESCRIPTIONS, "/docs"])
def test_a_description_is_there_before_any_service_is(path: str) -> None:
    """Whoever generates a client from it at the first moment would otherwise keep a problem as the description."""
    away = dict.fromkeys([f"{name}_url" for name in NAMES], "http://127.0.0.1:1")
    with live_gateway_alone(StubServices(), **away) as live:
        assert live.web.get("/readyz").status_code == 503
        assert live.web.get(path).status_code == 200


def test_the_page_leads_to_the_description_of_the_socket(live: LiveGateway) -> None:
    assert "/asyncapi.json" in json.loads(live.web.get("/openapi.json").content)["info"]["description"]


def coded(live: LiveGateway, path: str, coding: str, **headers: str) -> httpx.Response:
    """The answer to whoever accepts this coding."""
    return live.web.get(path, headers={"accept-encoding": coding, **headers})


@pytest.mark.parametrize("path", [*DESCRIPTIONS, "/docs/swagger-ui-bundle.js", "/docs/swagger-ui.css"])
def test_what_is_large_comes_compressed_to_whoever_takes_it(live: LiveGateway, path: str) -> None:
    packed, plain = coded(live, path, "br, gzip"), coded(live, path, "identity")
    assert packed.headers["content-encoding"] == "gzip" and "content-encoding" not in plain.headers
    assert packed.content == plain.content, "the client unpacks it"
    assert int(packed.headers["content-length"]) < int(plain.headers["content-length"]) / 2
    assert packed.headers["vary"] == plain.headers["vary"] == "accept-encoding"
    assert packed.headers["etag"] != plain.headers["etag"], "other bytes, another strong tag (RFC 9110, 8.8.3.3)"


@pytest.mark.parametrize("path", ["/docs/favicon.png", "/docs/start.js", "/docs", "/healthz"])
def test_what_is_small_or_a_picture_does_not(live: LiveGateway, path: str) -> None:
    answer = coded(live, path, "gzip")
    assert "content-encoding" not in answer.headers and "vary" not in answer.headers


@pytest.mark.parametrize("path", [*DESCRIPTIONS, "/docs", *FILES])
@pytest.mark.parametrize("coding", ["gzip", "identity"])
def test_what_one_has_already_is_not_sent_again(live: LiveGateway, path: str, coding: str) -> None:
    first = coded(live, path, coding)
    tag = first.headers["etag"]
    for given in (tag, f'"other", {tag}', f"W/{tag}", "*"):
        again = coded(live, path, coding, **{"if-none-match": given})
        assert (again.status_code, again.content) == (304, b"")
        for name in ("etag", "cache-control", "vary", "content-security-policy"):
            assert again.headers.get(name) == first.headers.get(name), name
    assert coded(live, path, coding, **{"if-none-match": '"other"'}).status_code == 200


def test_a_tag_is_good_whatever_coding_it_was_for(live: LiveGateway) -> None:
    tag = coded(live, "/openapi.json", "gzip").headers["etag"]
    assert coded(live, "/openapi.json", "identity", **{"if-none-match": tag}).status_code == 304


def test_a_head_tells_the_length_of_what_a_get_would_send(live: LiveGateway) -> None:
    raw = live.raw(b"GET /openapi.json HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip\r\nConnection: close\r\n\r\n")
    assert gzip.decompress(raw.body) == (DOCS / "openapi.json").read_bytes()
    head = live.web.head("/openapi.json", headers={"accept-encoding": "gzip"})
    assert head.headers["content-length"] == raw.headers["content-length"]
    assert head.headers["etag"] == raw.headers["etag"]


def test_the_page_and_all_its_files_come_from_here(live: LiveGateway) -> None:
    page = live.web.get("/docs")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    named = re.findall(r"""(?:src|href)=["']([^"']+)""", page.text)
    assert sorted(str(page.url.join(name).path) for name in named) == sorted(FILES)
    assert not any(name.startswith("/") for name in named), "the page may be below a path of a proxy's"
    kinds = [live.web.get(path).headers["content-type"].partition(";")[0] for path in FILES]
    assert kinds == ["text/javascript", "text/css", "text/javascript", "image/png"]
    assert "SwaggerUIBundle" in live.web.get(FILES[0]).text


def test_the_page_runs_no_script_of_its_own_text_and_talks_to_nobody_else(live: LiveGateway) -> None:
    page = live.web.get("/docs")
    policy = dict(part.split(" ", 1) for part in page.headers["content-security-policy"].split("; "))
    assert (policy["default-src"], policy["script-src"], policy["connect-src"]) == ("'none'", "'self'", "'self'")
    assert not re.search(r"<script(?![^>]*\bsrc=)", page.text), "an inline script"
    assert not re.search(r"\son\w+=", page.text), "an inline handler"
    start = live.web.get("/docs/start.js").text
    assert 'url: "openapi.json"' in start and "persistAuthorization: true" in start
    assert "validatorUrl: null" in start, "the description would be sent to a checker on the net"


def test_a_file_that_is_not_there_is_not_there(live: LiveGateway) -> None:
    answer: httpx.Response = live.web.get("/docs/start.py")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
