"""Serves the web client: its page at every path of `pages.VIEWS`, its files, and the metadata of link previews."""

import contextlib
import html
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import orjson

from .. import responses
from ..exchange import Exchange, Headers
from ..pages import FILES, VIEWS
from ..responses import HttpError
from ..static_files import StaticFile
from ..upstream.proxy import Proxy
from .assets import ENTRY, Assets

FOLDER = Path(__file__).resolve().parents[2] / "web"
LANGUAGES = ("en", "ko")
PREVIEW_SECONDS = 2.0
"""How long a page waits for the data of its preview; after that it is sent without."""
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:{cdn}; connect-src 'self';"
    " manifest-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none';"
    " require-trusted-types-for 'script'; trusted-types shutter"
)
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
    """The preview of a link, as chats show it."""

    title: str
    description: str
    image: str | None
    kind: str

    def tags(self, origin: str, path: str) -> str:
        """The tags of the Open Graph protocol, escaped. The path begins with the public path, and the image URL with it
        or with the URL of the CDN.
        """
        properties = {
            "og:site_name": "Shutter",
            "og:type": self.kind,
            "og:title": self.title,
            "og:description": self.description,
            "og:url": origin + path,
            **({"og:image": urljoin(origin, self.image)} if self.image else {}),
        }
        lines = [f"<title>{html.escape(self.title)} · Shutter</title>"]
        lines.append(f'<meta name="description" content="{html.escape(self.description)}">')
        lines += [f'<meta property="{name}" content="{html.escape(text)}">' for name, text in properties.items()]
        return "\n".join(lines)


def _security_headers(cdn_origin: str) -> Headers:
    """Of every page: pictures come from the own origin and from the CDN, if there is one."""
    policy = _POLICY.format(cdn=f" {cdn_origin}" if cdn_origin else "")
    return [
        (b"content-security-policy", policy.encode()),
        (b"cross-origin-opener-policy", b"same-origin"),
        (b"permissions-policy", b"camera=(self), geolocation=(), microphone=()"),
    ]


class _Files:
    """What is read and compressed before the first request."""

    def __init__(self, folder: Path, public_path: str, cdn_origin: str) -> None:
        self.headers = _security_headers(cdn_origin)
        self._public_path = public_path
        self._folder = folder
        assets = Assets(folder, public_path)
        template = (folder / "index.html").read_text(encoding="utf-8")
        self.pages = {
            (pattern, language): self.page(self._text(assets, template, view, language))
            for pattern, view in VIEWS.items()
            for language in LANGUAGES
        }
        self.named = {
            name: StaticFile(asset.body, asset.content_type, _FOR_EVER) for name, asset in assets.by_name.items()
        }
        self.fixed = {path: self._file(assets, path, kind.encode()) for path, kind in FILES.items()}

    def page(self, text: str) -> StaticFile:
        """A page with this text."""
        return StaticFile(text.encode(), _HTML, _FRESH, _VARY, *self.headers)

    def _text(self, assets: Assets, template: str, view: str, language: str) -> str:
        def address(found: re.Match[str]) -> str:
            path = found["path"]
            fixed = f"/{path}"
            target = self._public_path + fixed if fixed in FILES else assets.by_path[path].address
            return f'{found["attribute"]}="{target}"'

        first = assets.static_closure(ENTRY, view, f"words/{language}.js")
        loaded = "\n".join(f'<link rel="modulepreload" href="{assets.by_path[path].address}">' for path in first)
        text = _LOCAL.sub(address, template).replace('lang="en"', f'lang="{language}"', 1)
        return text.replace("</head>", f"{loaded}\n</head>", 1)

    def _file(self, assets: Assets, path: str, kind: bytes) -> StaticFile:
        source = self._folder / ("icons/icon.svg" if path == "/favicon.ico" else path[1:])
        text = source.read_text(encoding="utf-8")
        text = re.sub(r"\./(icons/[a-z0-9-]+\.(?:png|svg))", lambda found: assets.by_path[found[1]].address, text)
        addresses = sorted(asset.address for asset in assets.by_path.values())
        text = text.replace('["%FILES%"]', json.dumps(addresses)).replace("%VERSION%", assets.digest)
        return StaticFile(text.encode(), kind, _FRESH, *self.headers)


@cache
def _files(folder: Path, public_path: str, cdn_origin: str) -> _Files:
    """Created once for a process: it takes 0.2 s, and tests create hundreds of gateways."""
    return _Files(folder, public_path, cdn_origin)


class Site:
    """The page in each language, the files, and the previews."""

    def __init__(
        self, proxy: Proxy, public_origin: str, public_path: str, cdn_origin: str = "", folder: Path = FOLDER
    ) -> None:
        self._proxy = proxy
        self._public_origin = public_origin
        self._public_path = public_path
        self._files = _files(folder, public_path, cdn_origin)

    async def page(self, exchange: Exchange) -> None:
        """The page of a view without a preview."""
        await self._files.pages[exchange.route.pattern, language_of(exchange)].send(exchange)

    async def post(self, exchange: Exchange) -> None:
        """`GET /p/{id}`: with a preview of the post; 404 if it does not exist."""
        await self._previewed(exchange, "posts", "/api/v1/posts/", _ID, _preview_of_post)

    async def person(self, exchange: Exchange) -> None:
        """`GET /@{nickname}`: with a preview of the profile; 404 if there is no such user."""
        await self._previewed(exchange, "auth", "/api/v1/users/by-nickname/", _NICKNAME, _preview_of_person)

    async def asset(self, exchange: Exchange) -> None:
        """`GET /assets/{name}`: immutable, because the name contains a content hash."""
        found = self._files.named.get(exchange.path.rpartition("/")[2])
        if found is None:
            raise HttpError(404, "not_found", "There is nothing here.")
        await found.send(exchange)

    async def file(self, exchange: Exchange) -> None:
        """A file at a fixed path, revalidated at each request."""
        await self._files.fixed[exchange.path].send(exchange)

    async def _previewed(
        self, exchange: Exchange, upstream: str, path: str, form: re.Pattern[str], read: Callable[[Any], Preview]
    ) -> None:
        plain = self._files.pages[exchange.route.pattern, language_of(exchange)].body
        name = exchange.path.rpartition("/")[2].removeprefix("@")
        found = await self._proxy.fetch(upstream, path + name, PREVIEW_SECONDS) if form.fullmatch(name) else _GONE
        status, body = found or (HTTPStatus.SERVICE_UNAVAILABLE, b"")
        if status == HTTPStatus.NOT_FOUND:
            await responses.send_bytes(exchange, status, plain, _HTML, _FRESH, _VARY, *self._files.headers)
            return
        text = plain.decode()
        if status == HTTPStatus.OK:
            with contextlib.suppress(ValueError, LookupError, TypeError):  # the page is sent without a preview
                preview = read(orjson.loads(body))
                tags = preview.tags(self._public_origin or _origin(exchange), self._public_path + exchange.path)
                text = text.replace(_TITLE, tags, 1)
        await self._files.page(text).send(exchange)


def language_of(exchange: Exchange) -> str:
    """The supported language that the client prefers (RFC 9110, section 12.5.4)."""
    liked: dict[str, float] = {}
    for part in exchange.request.headers.get(b"accept-language", b"").decode("latin-1").lower().split(","):
        tag, _, traffic_class = part.replace(" ", "").partition(";q=")
        quality = float(traffic_class) if _WEIGHT.fullmatch(traffic_class) else float(not traffic_class)
        language = tag.partition("-")[0]
        liked[language] = max(quality, liked.get(language, 0.0))
    return max(LANGUAGES, key=lambda language: liked.get(language, 0.0))


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
