"""Reads the files of the web client once: names that hold a hash, and imports rewritten to them.

All of them are served from one folder, so modules import one another by name, whatever path is before that folder.

No build step comes before: the files are the ones in the repository; only their import specifiers are changed, and
documentation comments left out, which would be a sixth of what is sent.
"""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

PREFIX = "/assets/"
MEDIA_TYPES = {
    ".js": b"text/javascript; charset=utf-8",
    ".css": b"text/css; charset=utf-8",
    ".svg": b"image/svg+xml",
    ".png": b"image/png",
}
NOT_SERVED = ("worker.js",)
_IMPORT = re.compile(
    r"""(?P<before>\b(?:from|import)\s*\(?\s*)(?P<quote>["'])(?P<specifier>[^"'\n]+\.js|[@a-z/-]+)(?P=quote)"""
)
_COMMENT = re.compile(r"^[ \t]*/\*\*.*?\*/[ \t]*\n|/\*\* @\w+ [^\n]*?\*/ ?", re.DOTALL | re.MULTILINE)
_STYLE_IMPORT = re.compile(r"""^@import "(?P<path>\./[^"]+)";$""", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Asset:
    """One file as it is served."""

    address: str
    content_type: bytes
    body: bytes


@dataclass(frozen=True, slots=True)
class _Module:
    text: str
    imports: Mapping[str, str]
    """Specifier as it stands in the text, and the path of the file that it means."""
    at_start: frozenset[str]
    """Paths of those that it cannot run without. The others are imported when needed: `import("./view.js")`."""


class Assets:
    """All files of one folder, by the path in it and by the name under which they are served.

    `public_path` comes before their addresses, where a proxy takes it away (`PUBLIC_URL`).
    """

    def __init__(self, folder: Path, public_path: str = "") -> None:
        self._folder = folder
        self._prefix = public_path + PREFIX
        self._vendored = _vendored(folder)
        paths = sorted(_served(folder))
        self._modules = {path: self._module(path) for path in paths if path.endswith(".js")}
        names = {path: self._name(path) for path in paths}
        self.by_path = {path: self._asset(path, names) for path in paths}
        self.by_name = {asset.address.removeprefix(self._prefix): asset for asset in self.by_path.values()}
        self.digest = _digest("".join(sorted(names.values())).encode())
        """Changes with every file; names the cache of the service worker."""

    def closure(self, *paths: str) -> list[str]:
        """These modules and all that they import when they start, each before those that it imports."""
        found: dict[str, None] = {}
        waiting = list(paths)
        while waiting:
            path = waiting.pop(0)
            if path not in found:
                found[path] = None
                waiting += sorted(self._modules[path].at_start)
        return list(found)

    def _module(self, path: str) -> _Module:
        text = (self._folder / path).read_text(encoding="utf-8")
        imports: dict[str, str] = {}
        at_start = set()
        for found in _IMPORT.finditer(text):
            target = self._target(path, found["specifier"])
            if target is not None:
                imports[found["specifier"]] = target
                if "(" not in found["before"]:
                    at_start.add(target)
        return _Module(text, imports, frozenset(at_start))

    def _target(self, path: str, specifier: str) -> str | None:
        if not specifier.startswith("."):
            return self._vendored.get(specifier)
        target = (self._folder / path).parent.joinpath(specifier).resolve()
        if not target.is_file():
            raise RuntimeError(f"{path} imports {specifier}, which is not there.")
        return target.relative_to(self._folder.resolve()).as_posix()

    def _name(self, path: str) -> str:
        """Flat, with the hash of the content; of a module, the content of everything that it imports counts too."""
        content = b"".join(self._content(each) for each in sorted(self._reachable(path)))
        flat = PurePosixPath(path)
        return f"{'-'.join(flat.with_suffix('').parts)}.{_digest(content)}{flat.suffix}"

    def _reachable(self, path: str) -> set[str]:
        found, waiting = set(), [path]
        while waiting:
            each = waiting.pop()
            if each not in found:
                found.add(each)
                waiting += self._modules[each].imports.values() if each in self._modules else ()
        return found

    def _content(self, path: str) -> bytes:
        if path.endswith(".css"):
            return _joined(self._folder / path).encode()
        return (self._folder / path).read_bytes()

    def _asset(self, path: str, names: Mapping[str, str]) -> Asset:
        body = self._content(path)
        if path in self._modules:
            body = self._rewritten(self._modules[path], names).encode()
        suffix = PurePosixPath(path).suffix
        return Asset(self._prefix + names[path], MEDIA_TYPES[suffix], body)

    def _rewritten(self, module: _Module, names: Mapping[str, str]) -> str:
        def address(found: re.Match[str]) -> str:
            target = module.imports.get(found["specifier"])
            return found[0] if target is None else f'{found["before"]}"./{names[target]}"'

        return _COMMENT.sub("", _IMPORT.sub(address, module.text))


def _served(folder: Path) -> Iterator[str]:
    """Every file with a media type, without tests, parts of other files, and what has a fixed address."""
    for file in folder.rglob("*"):
        path = file.relative_to(folder)
        part = file.suffix == ".css" and path.name != "app.css"
        if file.suffix in MEDIA_TYPES and not part and path.parts[0] not in NOT_SERVED:
            yield path.as_posix()


def _vendored(folder: Path) -> dict[str, str]:
    versions = json.loads((folder / "vendor" / "versions.json").read_text(encoding="utf-8"))
    return {specifier: f"vendor/{row['file']}" for specifier, row in versions.items()}


def _joined(file: Path) -> str:
    """A style sheet with those that it imports put in their places."""
    text = file.read_text(encoding="utf-8")
    return _STYLE_IMPORT.sub(lambda found: (file.parent / found["path"]).read_text(encoding="utf-8"), text)


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:10]
