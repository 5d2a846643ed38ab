"""Serves the web client: its page at every address of `pages.VIEWS`, its files, and what link previews read."""

import contextlib
import html
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

import orjson

from .. import responses
from ..exchange import Exchange, Headers
from ..pages import FILES, VIEWS
from ..responses import HttpError
from ..static_files import StaticFile
from ..upstream.proxy import Proxy
from .assets import Assets

FOLDER = Path(__file__).resolve().parents[2] / "web"
LANGUAGES = ("en", "ko")
PREVIEW_SECONDS = 2.0
"""How long a page waits for what a preview says; without it, the page comes without."""
POLICY = (
    b"content-security-policy",
    b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self';"
    b" manifest-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none';"
    b" require-trusted-types-for 'script'; trusted-types shutter",
)
_ALWAYS: Headers = [
    POLICY,
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(self), geolocation=(), microphone=()"),
]
_FRESH = (b"cache-control", b"no-cache")
_FOR_EVER = (b"cache-control", b"public, max-age=31536000, immutable")
_VARY = (b"vary", b"accept-language")
_HTML = b"text/html; charset=utf-8"
_ID = re.compile(r"[A-Za-z0-9]{1,32}")
_NICKNAME = re.compile(r"[A-Za-z0-9._]{3,30}")
_LOCAL = re.compile(r'(?P<attribute>href|src)="\./(?P<path>[^"]+)"')
_WEIGHT = re.compile(r"[01](\.\d{0,3})?")
_TITLE = "<title>Shutter</title>"
_GONE = (404, b"")
DESCRIPTION_LENGTH = 200


@dataclass(frozen=True, slots=True)
class Preview:
    """What a link to a page shows in a chat."""

    title: str
    description: str
    image: str | None
    kind: str

    def tags(self, origin: str, path: str) -> str:
        """The tags of the Open Graph protocol, escaped. The path and the image's address begin with the public path."""
        properties = {
            "og:site_name": "Shutter",
            "og:type": self.kind,
            "og:title": self.title,
            "og:description": self.description,
            "og:url": origin + path,
            **({"og:image": origin + self.image} if self.image else {}),
        }
        lines = [f"<title>{html.escape(self.title)} · Shutter</title>"]
        lines.append(f'<meta name="description" content="{html.escape(self.description)}">')
        lines += [f'<meta property="{name}" content="{html.escape(text)}">' for name, text in properties.items()]
        return "\n".join(lines)


class Site:
    """The page in each language, the files, and the previews."""

    def __init__(self, proxy: Proxy, public_origin: str, public_path: str, folder: Path = FOLDER) -> None:
        self._proxy = proxy
        self._public_origin = public_origin
        self._public_path = public_path
        self._folder = folder
        self._assets = Assets(folder, public_path)
        template = (folder / "index.html").read_text(encoding="utf-8")
        self._texts = {
            (pattern, language): self._text(template, view, language)
            for pattern, view in VIEWS.items()
            for language in LANGUAGES
        }
        self._pages = {key: _page(text) for key, text in self._texts.items()}
        self._named = {
            name: StaticFile(asset.body, asset.content_type, _FOR_EVER) for name, asset in self._assets.by_name.items()
        }
        self._fixed = {path: self._file(path, kind.encode()) for path, kind in FILES.items()}

    async def page(self, exchange: Exchange) -> None:
        """The page of a view that needs no look into anything."""
        await self._pages[exchange.route.pattern, language_of(exchange)].send(exchange)

    async def post(self, exchange: Exchange) -> None:
        """`GET /p/{id}`: with a preview of the post; 404 where it is gone."""
        await self._previewed(exchange, "posts", "/api/v1/posts/", _ID, _preview_of_post)

    async def person(self, exchange: Exchange) -> None:
        """`GET /@{nickname}`: with a preview of the profile; 404 where nobody has the name."""
        await self._previewed(exchange, "auth", "/api/v1/users/by-nickname/", _NICKNAME, _preview_of_person)

    async def asset(self, exchange: Exchange) -> None:
        """`GET /assets/{name}`: the name holds a hash of the content, so it never changes."""
        found = self._named.get(exchange.path.rpartition("/")[2])
        if found is None:
            raise HttpError(404, "not_found", "There is nothing here.")
        await found.send(exchange)

    async def file(self, exchange: Exchange) -> None:
        """A file at a fixed address, looked after at each exchange."""
        await self._fixed[exchange.path].send(exchange)

    async def _previewed(
        self, exchange: Exchange, upstream: str, path: str, form: re.Pattern[str], read: Callable[[Any], Preview]
    ) -> None:
        text = self._texts[exchange.route.pattern, language_of(exchange)]
        name = exchange.path.rpartition("/")[2].removeprefix("@")
        found = await self._proxy.fetch(upstream, path + name, PREVIEW_SECONDS) if form.fullmatch(name) else _GONE
        status, body = found or (HTTPStatus.SERVICE_UNAVAILABLE, b"")
        if status == HTTPStatus.NOT_FOUND:
            await responses.send_bytes(exchange, status, text.encode(), _HTML, _FRESH, _VARY, *_ALWAYS)
            return
        if status == HTTPStatus.OK:
            with contextlib.suppress(ValueError, LookupError, TypeError):  # then the page comes without a preview
                preview = read(orjson.loads(body))
                tags = preview.tags(self._public_origin or _origin(exchange), self._public_path + exchange.path)
                text = text.replace(_TITLE, tags, 1)
        await _page(text).send(exchange)

    def _text(self, template: str, view: str, language: str) -> str:
        def address(found: re.Match[str]) -> str:
            path = found["path"]
            fixed = f"/{path}"
            target = self._public_path + fixed if fixed in FILES else self._assets.by_path[path].address
            return f'{found["attribute"]}="{target}"'

        first = self._assets.closure("app.js", view, f"words/{language}.js")
        loaded = "\n".join(f'<link rel="modulepreload" href="{self._assets.by_path[path].address}">' for path in first)
        text = _LOCAL.sub(address, template).replace('lang="en"', f'lang="{language}"', 1)
        return text.replace("</head>", f"{loaded}\n</head>", 1)

    def _file(self, path: str, kind: bytes) -> StaticFile:
        source = self._folder / ("icons/icon.svg" if path == "/favicon.ico" else path[1:])
        text = source.read_text(encoding="utf-8")
        text = re.sub(r"\./(icons/[a-z0-9-]+\.(?:png|svg))", lambda found: self._assets.by_path[found[1]].address, text)
        addresses = sorted(asset.address for asset in self._assets.by_path.values())
        text = text.replace('["%FILES%"]', json.dumps(addresses)).replace("%VERSION%", self._assets.digest)
        return StaticFile(text.encode(), kind, _FRESH, *_ALWAYS)


def language_of(exchange: Exchange) -> str:
    """The one of ours that the client likes best (RFC 9110, 12.5.4)."""
    liked: dict[str, float] = {}
    for part in exchange.request.headers.get(b"accept-language", b"").decode("latin-1").lower().split(","):
        tag, _, traffic_class = part.replace(" ", "").partition(";q=")
        quality = float(traffic_class) if _WEIGHT.fullmatch(traffic_class) else float(not traffic_class)
        language = tag.partition("-")[0]
        liked[language] = max(quality, liked.get(language, 0.0))
    return max(LANGUAGES, key=lambda language: liked.get(language, 0.0))


def _page(text: str) -> StaticFile:
    return StaticFile(text.encode(), _HTML, _FRESH, _VARY, *_ALWAYS)


def _origin(exchange: Exchange) -> str:
    return f"{exchange.scope['scheme']}://{exchange.request.headers[b'host'].decode()}"


def _preview_of_post(post: Mapping[str, Any]) -> Preview:
    author = post["author"]["name"] or "Shutter"
    photo = post["media"][0]
    description = post["caption"] or photo["alt"] or ""
    return Preview(author, _short(description), photo["url"], "article")


def _preview_of_person(person: Mapping[str, Any]) -> Preview:
    title = f"{person['name']} (@{person['nickname']})"
    return Preview(title, _short(person["bio"]), person["avatar_url"], "profile")


def _short(text: str) -> str:
    return text if len(text) <= DESCRIPTION_LENGTH else text[: DESCRIPTION_LENGTH - 1] + "…"
