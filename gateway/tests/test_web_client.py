"""The web client as the gateway serves it: pages, files, link previews, and size."""

import hashlib
import json
import re
from collections.abc import Iterator

import pytest

from gateway.pages import VIEWS
from gateway.static_files import LEVEL
from gateway.web_client.assets import ENTRY, Assets
from gateway.web_client.site import FOLDER, LANGUAGES
from shared.compression import MIN_BYTES, gzipped

from .gateway_server import LiveGateway, live_gateway
from .stub_services import StubServices, answering

FIRST_VIEW = 45_000
WHOLE = 134_000
"""Bytes of compressed JavaScript."""
STYLE = 12_000
NAME = re.compile(r"/assets/[a-z0-9-]+\.[0-9a-f]{10}\.(?:js|css|svg|png)")
IMPORTED = re.compile(r"""["']\./([a-z0-9-]+\.[0-9a-f]{10}\.js)["']""")
POST = {
    "author": {"name": 'Ada "<b>" Lovelace', "nickname": "ada"},
    "caption": "</title><script>alert(1)</script>",
    "media": [{"url": "/api/v1/media/a.jpg", "alt": None}],
}


@pytest.fixture(scope="module")
def assets() -> Assets:
    return Assets(FOLDER)


def sent(assets: Assets, paths: Iterator[str] | list[str]) -> int:
    return sum(len(gzipped(assets.by_path[path].body, LEVEL)) for path in paths)


@pytest.mark.parametrize("language", LANGUAGES)
def test_first_view_needs_little_javascript(assets: Assets, language: str) -> None:
    assert sent(assets, assets.static_closure(ENTRY, VIEWS["/"], f"words/{language}.js")) <= FIRST_VIEW


@pytest.mark.parametrize("language", LANGUAGES)
def test_files_of_the_first_view_are_requested_in_parallel(assets: Assets, language: str) -> None:
    """Browsers use six connections over HTTP/1.1; the style sheet takes one of them."""
    assert len(assets.static_closure(ENTRY, VIEWS["/"], f"words/{language}.js")) <= 5


@pytest.mark.parametrize("language", LANGUAGES)
def test_javascript_and_css_are_small(assets: Assets, language: str) -> None:
    """All that somebody can load who opens every view, in one language."""
    others = tuple(f"-{other}.js" for other in LANGUAGES if other != language)
    files = [path for path in assets.by_path if path.endswith(".js") and not path.replace("/", "-").endswith(others)]
    assert sent(assets, files) <= WHOLE
    assert sent(assets, ["style/app.css"]) <= STYLE


def test_pages_are_revalidated_and_run_only_own_scripts(live: LiveGateway) -> None:
    for path in ("/", "/explore", "/messages/1", "/settings/sessions", "/@ada/followers"):
        answer = live.web.get(path)
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "no-cache"
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy and "unsafe" not in policy
        assert not re.search(r"<script(?![^>]* src=)|<style|\son\w+=|style=", answer.text)
        assert all(NAME.fullmatch(found) for found in re.findall(r'(?:src|href)="(/assets/[^"]+)"', answer.text))


def test_unchanged_page_gets_304(live: LiveGateway) -> None:
    etag = live.web.get("/").headers["etag"]
    answer = live.web.get("/", headers={"if-none-match": etag})
    assert answer.status_code == 304 and answer.content == b""


def test_page_language_follows_accept_language(live: LiveGateway) -> None:
    for wanted, language in {"ko-KR,ko;q=0.9,en;q=0.8": "ko", "en,ko;q=0.5": "en", "de": "en", "": "en"}.items():
        answer = live.web.get("/", headers={"accept-language": wanted})
        assert f'<html lang="{language}">' in answer.text and f"/assets/words-{language}." in answer.text


def test_assets_are_compressed_immutable_and_import_existing_files(live: LiveGateway) -> None:
    waiting, seen = {*NAME.findall(live.web.get("/").text)}, set()
    while waiting:
        name = waiting.pop()
        seen.add(name)
        answer = live.web.get(name)
        assert answer.status_code == 200, name
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        if name.endswith((".js", ".css")) and len(answer.content) >= MIN_BYTES:
            assert answer.headers["content-encoding"] == "gzip"
        if name.endswith(".js"):
            assert not re.search(r"(?:from|import\()\s*[\"'](?!\./)", answer.text), name
            waiting |= {f"/assets/{imported}" for imported in IMPORTED.findall(answer.text)} - seen
    assert len([name for name in seen if name.endswith(".js")]) == len(
        [path for path in Assets(FOLDER).by_path if path.endswith(".js")]
    )


def test_assets_are_uncompressed_for_clients_without_gzip(live: LiveGateway) -> None:
    name = next(found for found in NAME.findall(live.web.get("/").text) if found.endswith(".js"))
    for refused in ("identity", "gzip;q=0", "br"):
        assert "content-encoding" not in live.web.get(name, headers={"accept-encoding": refused}).headers


def test_unknown_path_gets_a_problem_response(live: LiveGateway) -> None:
    for path in (
        "/nothing",
        "/assets/app.0000000000.js",
        "/assets/",
        "/p/",
        "/@ada/other",
        "/tests/axe.min.js",
        "/app.js",
    ):
        answer = live.web.get(path)
        assert answer.status_code == 404 and answer.json()["code"] == "not_found", path
    assert live.web.post("/").status_code == 405


def test_service_worker_and_manifest_name_existing_files(live: LiveGateway) -> None:
    worker = live.web.get("/worker.js")
    assert worker.headers["cache-control"] == "no-cache" and "%" not in worker.text
    manifest = live.web.get("/manifest.webmanifest").json()
    icons = [icon["src"] for icon in manifest["icons"]]
    for name in [*NAME.findall(worker.text), *icons, "/favicon.ico"]:
        assert live.web.get(name).status_code == 200, name


def test_post_page_has_an_escaped_preview(live: LiveGateway) -> None:
    live.services.behaviours["/api/v1/posts/1"] = answering(200, json.dumps(POST).encode())
    answer = live.web.get("/p/1")
    assert answer.status_code == 200
    assert "<script>alert" not in answer.text
    assert 'content="Ada &quot;&lt;b&gt;&quot; Lovelace"' in answer.text
    assert f'<meta property="og:image" content="{live.web.base_url}/api/v1/media/a.jpg">' in answer.text
    assert f'<meta property="og:url" content="{live.web.base_url}/p/1">' in answer.text


def test_urls_of_page_and_manifest_have_the_path_prefix() -> None:
    post = {**POST, "media": [{"url": "/shutter/api/v1/media/a.jpg", "alt": None}]}
    services = StubServices()
    services.behaviours["/api/v1/posts/1"] = answering(200, json.dumps(post).encode())
    with live_gateway(services, public_url="https://example.com/shutter") as live:
        page = live.web.get("/p/1").text
        assert '<meta property="og:url" content="https://example.com/shutter/p/1">' in page
        assert '<meta property="og:image" content="https://example.com/shutter/api/v1/media/a.jpg">' in page
        found = re.findall(r'(?:src|href)="([^"]+)"', page)
        manifest = live.web.get("/manifest.webmanifest").json()
        assert manifest["start_url"] == manifest["scope"] == "./"
        for address in [*found, *(icon["src"] for icon in manifest["icons"])]:
            assert address.startswith("/shutter/"), address
            assert live.web.get(address.removeprefix("/shutter")).status_code == 200, address


def test_pictures_of_pages_may_come_from_the_cdn() -> None:
    picture = "https://cdn.example.com/files/api/v1/media/a.jpg"
    services = StubServices()
    post = {**POST, "media": [{"url": picture, "alt": None}]}
    services.behaviours["/api/v1/posts/1"] = answering(200, json.dumps(post).encode())
    with live_gateway(services, cdn_url="https://cdn.example.com/files") as live:
        page = live.web.get("/p/1")
        assert f'<meta property="og:image" content="{picture}">' in page.text
        for answer in (page, live.web.get("/"), live.web.get("/manifest.webmanifest")):
            policy = answer.headers["content-security-policy"]
            assert "; img-src 'self' blob: data: https://cdn.example.com;" in policy


def test_profile_page_has_a_preview(live: LiveGateway) -> None:
    person = {"name": "Ada", "nickname": "ada", "bio": "x" * 150, "avatar_url": None}
    live.services.behaviours["/api/v1/users/by-nickname/ada"] = answering(200, json.dumps(person).encode())
    answer = live.web.get("/@ada")
    assert "<title>Ada (@ada) · Shutter</title>" in answer.text and "og:image" not in answer.text


def test_page_of_a_deleted_resource_is_404_html(live: LiveGateway) -> None:
    live.services.behaviours["/api/v1/posts/2"] = answering(404, b"{}")
    for path in ("/p/2", "/p/not-an-id", "/@x", "/@%20"):
        answer = live.web.get(path)
        assert answer.status_code == 404 and answer.headers["content-type"].startswith("text/html"), path


def test_page_has_no_preview_when_the_service_fails(live: LiveGateway) -> None:
    for status, body in ((500, b"{}"), (200, b"no JSON"), (200, b"[]"), (200, b"{}")):
        live.services.behaviours["/api/v1/posts/3"] = answering(status, body)
        answer = live.web.get("/p/3")
        assert answer.status_code == 200 and "<title>Shutter</title>" in answer.text


@pytest.fixture(scope="module")
def words() -> dict[str, set[str]]:
    """The translation keys of each language."""
    files = {language: (f"{language}.js", f"problems-{language}.js") for language in LANGUAGES}
    return {
        language: {key for name in names for key in keys_of((FOLDER / "words" / name).read_text())}
        for language, names in files.items()
    }


def keys_of(text: str) -> list[str]:
    return re.findall(r'^  "([^"]+)":', text, re.MULTILINE)


def test_both_languages_have_every_text(words: dict[str, set[str]]) -> None:
    assert words["en"] == words["ko"]
    texts = [file.read_text() for file in FOLDER.rglob("*.js")]
    used = {key for text in texts for key in re.findall(r"\bt\(\"([a-z_.]+)\"", text)}
    assert used - words["en"] == set()


def test_every_problem_code_has_a_text(words: dict[str, set[str]]) -> None:
    description = json.loads((FOLDER.parent / "gateway" / "docs" / "openapi.json").read_text())
    codes = description["components"]["schemas"]["Problem"]["properties"]["code"]["x-extensible-enum"]
    assert {f"problem.{code}" for code in codes} - words["en"] == set()


def test_vendored_files_equal_their_packages(assets: Assets) -> None:
    vendor = FOLDER / "vendor"
    versions = json.loads((vendor / "versions.json").read_text())
    for row in versions.values():
        content = (vendor / row["file"]).read_bytes()
        assert hashlib.sha256(content).hexdigest() == row["sha256"], row["file"]
    assert {path.name for path in vendor.glob("*.js")} == {row["file"] for row in versions.values()}
    assert all((vendor / f"{row['package'].split('/')[-1]}.LICENSE").exists() for row in versions.values())
