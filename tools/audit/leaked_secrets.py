"""Secrets in any version of any file, in the words of commits, and in what is not committed yet.

detect-secrets reads files and no history. So every line that was ever in a file is laid out once, under the name of
that file, and what it finds there is led back to the version that the line stood in.
"""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from tempfile import TemporaryDirectory

from .report import Report

COMMITS = "the words of commits"
UNCOMMITTED = "not committed"


KEYWORD = "Secret Keyword"
HARMLESS_KEYWORDS = {
    "*/tests/*": "the passwords of tests are no secrets",
    "/shared/testing/*": "of containers that live as long as a run of the tests",
    "/bench/*": "of people and servers that exist only while something is measured, on loopback",
}
"""Where a word such as `password` stands before a text. Every other kind of secret is looked for there too."""
EXPLAINED = re.compile(r"noqa: S10[567]\b.*[A-Za-z]{2}")
"""The same, where its line says why the text is none, as the house rules ask."""
HARMLESS = {
    "5baa61e4": "`user:password` in the sentence that tells the form of an address",
    "e5e9fa1b": "the password in an address that a test keeps from a process",
    "f28273b6": "the example of a request id",
    "d36ecb33": "a password of a test",
    "2646aa23": "the shortest thing that looks like a token, to be refused",
    "13653f3b": "the password of Ada, who takes the tour",
    "d70d6d6c": "the password of Bob, who takes the tour",
    "6e4cd801": "the name of a column",
    "9e090aea": "how many wrong passwords an address may try",
    "fff96477": "as in shared/testing, where it has moved since",
}
"""The fingerprints of texts that look like a secret, and what each is."""

Origin = tuple[str, int]
"""A version of a file (git's name of the blob) or a commit, and the line in it."""
Lines = dict[str, Origin]


@dataclass(frozen=True)
class Suspect:
    """A text that looks like a secret: of which kind, in which line of which file, and where that version is."""

    file: str
    kind: str
    line: str
    place: str
    fingerprint: str

    def __str__(self) -> str:
        """Never the line, for logs are read by more people than the repository."""
        return f"{self.file}: {self.kind}, {self.place}, fingerprint {self.fingerprint}"

    @property
    def is_harmless(self) -> bool:
        """Whether it is known that this is no secret."""
        if self.fingerprint in HARMLESS:
            return True
        named = any(fnmatch(f"/{self.file}", pattern) for pattern in HARMLESS_KEYWORDS)
        return self.kind == KEYWORD and (named or EXPLAINED.search(self.line) is not None)


def kept(root: Path) -> Report:
    """Every secret that somebody who has the repository can read, and where."""
    files = everything_written(root)
    found = [str(suspect) for suspect in _suspects(files) if not suspect.is_harmless]
    lines = sum(map(len, files.values()))
    shallow = _git(root, "rev-parse", "--is-shallow-repository").strip() == b"true"
    part = "; this clone holds only the newest part of the history" if shallow else ""
    return Report(found, f"{lines} different lines of {len(files)} files were read{part}")


def everything_written(root: Path) -> dict[str, Lines]:
    """Of each file every line that it ever had, with the first place where it stood."""
    files: dict[str, Lines] = {}
    for name, origin, content in (*_history(root), *_uncommitted(root)):
        if b"\0" in content:
            continue
        lines = files.setdefault(name, {})
        for number, line in enumerate(content.decode(errors="replace").splitlines(), 1):
            lines.setdefault(line, (origin, number))
    return files


def _history(root: Path) -> Iterator[tuple[str, str, bytes]]:
    """File, version and content of everything that any branch or tag leads to."""
    listed = _git(root, "rev-list", "--all", "--objects").decode().splitlines()
    names = dict(line.partition(" ")[::2] for line in listed)
    output = memoryview(_git(root, "cat-file", "--batch", given="\n".join(names).encode()))
    while output:
        end = bytes(output[:200]).index(b"\n")
        version, kind, size = bytes(output[:end]).decode().split()
        content = bytes(output[end + 1 : end + 1 + int(size)])
        output = output[end + 2 + int(size) :]
        if kind == "blob":
            yield names[version], version, content
        elif kind != "tree":
            yield COMMITS, version, content


def _uncommitted(root: Path) -> Iterator[tuple[str, str, bytes]]:
    listed = _git(root, "ls-files", "-z", "--modified", "--others", "--exclude-standard").decode().split("\0")
    for name in listed:
        if name and (root / name).is_file():
            yield name, UNCOMMITTED, (root / name).read_bytes()


def _suspects(files: dict[str, Lines]) -> Iterator[Suspect]:
    with TemporaryDirectory() as folder:
        laid_out = dict(_lay_out(files, Path(folder)))
        command = [sys.executable, "-m", "detect_secrets", "scan", "--all-files", "--no-verify"]
        done = subprocess.run(command, cwd=folder, capture_output=True, check=True)  # noqa: S603 - our own words
    for path, found in sorted(json.loads(done.stdout)["results"].items()):
        lines = list(files[laid_out[path]].items())
        for each in found:
            line, (origin, number) = lines[each["line_number"] - 1]
            shown = origin if origin == UNCOMMITTED else f"`git show {origin[:12]}`"
            place = f"{shown} line {number}"
            yield Suspect(laid_out[path], each["type"], line, place, each["hashed_secret"][:8])


def _lay_out(files: dict[str, Lines], folder: Path) -> Iterator[tuple[str, str]]:
    """Each in a folder of its own: what was a file once may be a folder today."""
    for number, (file, lines) in enumerate(files.items()):
        path = folder / str(number) / Path(file).name
        path.parent.mkdir()
        path.write_text("\n".join(lines), encoding="utf-8")
        yield str(path.relative_to(folder)), file


def _git(root: Path, *words: str, given: bytes = b"") -> bytes:
    done = subprocess.run(["git", *words], cwd=root, input=given, capture_output=True, check=True)  # noqa: S603, S607 - git
    return done.stdout
