"""Reads the files of the web client once: gives them names with a content hash, and rewrites imports to these names.

All files are served from one folder, so modules import one another by name, whatever path precedes that folder. The
modules that the first view needs are joined into one file: over HTTP/1.1 a browser requests six files at a time, so 40
small ones would take seven round trips.
"""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from .modules import Modules

PREFIX = "/assets/"
MEDIA_TYPES = {
    ".js": b"text/javascript; charset=utf-8",
    ".css": b"text/css; charset=utf-8",
    ".svg": b"image/svg+xml",
    ".png": b"image/png",
}
NOT_SERVED = ("worker.js",)
ENTRY = "app.js"
FIRST_VIEW = "views/home/home.js"
JOINED = "first-view.js"
"""The file that contains everything that the entry and the first view import."""
_STYLE_IMPORT = re.compile(r"""^@import "(?P<path>\./[^"]+)";$""", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Asset:
    """One served file."""

    address: str
    content_type: bytes
    body: bytes


class Assets:
    """All files of one folder, by their path in it and by their served name. Joined modules are one file, `JOINED`.

    `public_path` is the prefix of their URLs behind a proxy that removes it (`PUBLIC_URL`).
    """

    def __init__(self, folder: Path, public_path: str = "") -> None:
        self._folder = folder
        self._prefix = public_path + PREFIX
        paths = sorted(_served(folder))
        self._modules = Modules(folder, [path for path in paths if path.endswith(".js")], _vendored(folder))
        self._joined = [path for path in self._modules.static_closure(ENTRY, FIRST_VIEW) if path != ENTRY]
        names = {path: self._name(path, path) for path in paths} | dict.fromkeys(
            self._joined, self._name(JOINED, *self._joined)
        )
        served = [path for path in paths if path not in self._joined]
        self.by_path = {path: self._asset(path, names) for path in served}
        joined = self._modules.joined(self._joined, names).encode()
        self.by_path[JOINED] = Asset(self._prefix + names[FIRST_VIEW], MEDIA_TYPES[".js"], joined)
        self.by_name = {asset.address.removeprefix(self._prefix): asset for asset in self.by_path.values()}
        self.digest = _digest("".join(sorted(names.values())).encode())
        """A hash over all files; the name of the service worker's cache."""

    def static_closure(self, *paths: str) -> list[str]:
        """The paths of the files that a browser needs before these modules can run, and of the modules themselves."""
        modules = self._modules.static_closure(*paths)
        return list(dict.fromkeys(JOINED if path in self._joined else path for path in modules))

    def _name(self, path: str, *sources: str) -> str:
        """The served name with a content hash; the hash of a module includes everything that it imports."""
        found = self._modules.reachable(*sources) if path.endswith(".js") else sources
        content = b"".join(self._content(each) for each in sorted(found))
        flat = PurePosixPath(path)
        return f"{'-'.join(flat.with_suffix('').parts)}.{_digest(content)}{flat.suffix}"

    def _content(self, path: str) -> bytes:
        if path.endswith(".css"):
            return _with_imports(self._folder / path).encode()
        return (self._folder / path).read_bytes()

    def _asset(self, path: str, names: Mapping[str, str]) -> Asset:
        is_module = path in self._modules
        body = self._modules.served(path, names, self._joined).encode() if is_module else self._content(path)
        return Asset(self._prefix + names[path], MEDIA_TYPES[PurePosixPath(path).suffix], body)


def _served(folder: Path) -> Iterator[str]:
    """Every file with a media type, except tests, parts of other files, and files with a fixed path."""
    for file in folder.rglob("*"):
        path = file.relative_to(folder)
        part = file.suffix == ".css" and path.name != "app.css"
        if file.suffix in MEDIA_TYPES and not part and path.parts[0] not in NOT_SERVED:
            yield path.as_posix()


def _vendored(folder: Path) -> dict[str, str]:
    versions = json.loads((folder / "vendor" / "versions.json").read_text(encoding="utf-8"))
    return {specifier: f"vendor/{row['file']}" for specifier, row in versions.items()}


def _with_imports(file: Path) -> str:
    """A style sheet with its imports inlined."""
    text = file.read_text(encoding="utf-8")
    return _STYLE_IMPORT.sub(lambda found: (file.parent / found["path"]).read_text(encoding="utf-8"), text)


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:10]
