"""Serves the built web client of Pixelfed with the posts of a running instance, for `bench.web --beside FOLDER`.

The folder is `public/` of a checkout of Pixelfed (measured: 0.11.13), whose built files are part of its repository.
What its server would answer is imitated as far as its home feed asks for it; photos come from our instance.
"""

import gzip
import json
import mimetypes
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

HOME = "/i/web"
TIMEOUT_SECONDS = 30.0
SHOWN = 6
"""Posts of the first page, as Pixelfed asks for."""
COMPRESSED = (".css", ".js", ".json", ".svg")
CONFIG: dict[str, Any] = {
    "uploader": {"max_caption_length": 500, "album_limit": 4, "mime_types": ["image/jpeg"]},
    "ab": {},
    "site": {"name": "Pixelfed", "domain": "localhost", "url": "http://localhost"},
    "features": {"timelines": {"local": True, "network": False}, "stories": False, "hls": {"enabled": False}},
}
PAGE = """<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="csrf-token" content="x">
<link href="/css/app.css" rel="stylesheet"><link href="/css/spa.css" rel="stylesheet">
<script>window._sharedData = {{ curUser: {{}}, user: {user}, version: 0 }};
window.App = {{ config: {config} }};</script>
</head><body class="loggedIn"><main id="content"><navbar></navbar><router-view></router-view></main>
<script src="/js/manifest.js"></script><script src="/js/vendor.js"></script><script src="/js/spa.js"></script>
</body></html>"""


@contextmanager
def pixelfed(public: Path, base_url: str) -> Iterator[str]:
    """The URL of Pixelfed's home feed."""
    posts = httpx.get(f"{base_url}/api/v1/posts", params={"limit": SHOWN}, timeout=TIMEOUT_SECONDS).json()["items"]
    user = json.dumps(_account(posts[0]["author"]))
    page = gzip.compress(PAGE.format(user=user, config=json.dumps(CONFIG)).encode())
    timeline = [_status(post) for post in posts]
    files = {f"/{file.relative_to(public)}": _packed(file) for file in public.rglob("*") if file.is_file()}

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            path = urlsplit(self.path).path
            if path == HOME:
                self._send("text/html; charset=utf-8", page, is_gzip=True)
            elif path in files:
                self._send(mimetypes.guess_type(path)[0] or "", files[path], is_gzip=path.endswith(COMPRESSED))
            elif path.endswith(".jpg"):
                self._send("image/jpeg", httpx.get(base_url + path, timeout=TIMEOUT_SECONDS).content)
            else:
                is_first_page = path.startswith("/api/v1/timelines/home") and "max_id" not in self.path
                self._send("application/json", _json(timeline if is_first_page else []), is_gzip=True)

        def _send(self, media_type: str, body: bytes, *, is_gzip: bool = False) -> None:
            self.send_response(200)
            self.send_header("content-type", media_type)
            self.send_header("content-length", str(len(body)))
            if is_gzip:
                self.send_header("content-encoding", "gzip")
            self.end_headers()
            with suppress(BrokenPipeError):  # the page was closed
                self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}{HOME}"
        finally:
            server.shutdown()
            thread.join()


def _packed(file: Path) -> bytes:
    return gzip.compress(file.read_bytes()) if file.suffix in COMPRESSED else file.read_bytes()


def _json(content: object) -> bytes:
    return gzip.compress(json.dumps(content).encode())


def _account(person: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": person["id"], "username": person["nickname"], "acct": person["nickname"], "url": "/", "local": True,
        "display_name": person["name"], "avatar": person["avatar_url"], "note": "", "is_admin": False,
    }  # fmt: skip


def _status(post: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": post["id"], "url": "/", "content": post["caption"], "content_text": post["caption"], "emojis": [],
        "created_at": post["created_at"], "account": _account(post["author"]), "visibility": "public", "tags": [],
        "pf_type": "photo:album" if len(post["media"]) > 1 else "photo", "sensitive": False, "spoiler_text": "",
        "favourited": False, "favourites_count": post["like_count"], "reply_count": post["comment_count"],
        "liked_by": {"username": None, "others": False, "total_count": 0}, "place": None, "reblog": None,
        "media_attachments": [
            {
                "id": photo["id"], "type": "image", "url": photo["url"], "preview_url": photo["thumbnail_url"],
                "description": photo["alt"], "blurhash": photo["blurhash"], "filter_class": None,
                "meta": {"original": {"width": photo["width"], "height": photo["height"]}},
            }
            for photo in post["media"]
        ],
    }  # fmt: skip
