"""Secrets in any version of any file, in commit messages, and in uncommitted files.

detect-secrets reads files, not the history. So every line that a file ever contained is written once to a temporary
file of the same name, and each finding is mapped back to the version that contained the line.
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

COMMITS = "commit messages"
UNCOMMITTED = "not committed"


KEYWORD = "Secret Keyword"
# In these files a keyword such as `password` before a string is no finding; other kinds of secrets are.
HARMLESS_KEYWORDS = {
    "*/tests/*": "the passwords of tests are no secrets",
    "/shared/testing/*": "of containers that live only during a test run",
    "/bench/*": "of users and servers that exist only during a measurement, on loopback",
}
# The same for a line with a reason why the string is no secret.
EXPLAINED = re.compile(r"noqa: S10[567]\b.*[A-Za-z]{2}")
# Fingerprints of strings that look like a secret, and what each is.
HARMLESS = {
    "5baa61e4": "`user:password` in the description of a URL",
    "e5e9fa1b": "the password in a URL in a test",
    "f28273b6": "the example of a request id",
    "d36ecb33": "a password of a test",
    "2646aa23": "the shortest string that looks like a token, rejected in a test",
    "13653f3b": "the password of Ada in the tour",
    "d70d6d6c": "the password of Bob in the tour",
    "6e4cd801": "the name of a column",
    "9e090aea": "the limit of failed logins for an address",
    "fff96477": "now in shared/testing",
}

Origin = tuple[str, int]  # a blob or a commit, and the line in it
Lines = dict[str, Origin]


@dataclass(frozen=True)
class Suspect:
    """A string that looks like a secret."""

    file: str
    kind: str
    line: str
    location: str
    fingerprint: str

    def __str__(self) -> str:
        # Never the line itself: more people read logs than the repository.
        return f"{self.file}: {self.kind}, {self.location}, fingerprint {self.fingerprint}"

    @property
    def is_harmless(self) -> bool:
        if self.fingerprint in HARMLESS:
            return True
        named = any(fnmatch(f"/{self.file}", pattern) for pattern in HARMLESS_KEYWORDS)
        return self.kind == KEYWORD and (named or EXPLAINED.search(self.line) is not None)


def check(root: Path) -> Report:
    files = all_lines(root)
    found = [str(suspect) for suspect in _suspects(files) if not suspect.is_harmless]
    lines = sum(map(len, files.values()))
    shallow = _git(root, "rev-parse", "--is-shallow-repository").strip() == b"true"
    remark = "; this clone holds only the newest part of the history" if shallow else ""
    return Report(found, f"{lines} different lines of {len(files)} files were read{remark}")


def all_lines(root: Path) -> dict[str, Lines]:
    """The lines that each file ever had, with their first occurrence."""
    files: dict[str, Lines] = {}
    for name, origin, content in (*_history(root), *_uncommitted(root)):
        if b"\0" in content:
            continue
        lines = files.setdefault(name, {})
        for number, line in enumerate(content.decode(errors="replace").splitlines(), 1):
            lines.setdefault(line, (origin, number))
    return files


def _history(root: Path) -> Iterator[tuple[str, str, bytes]]:
    """File, version and content of everything reachable from any branch or tag."""
    listed = _git(root, "rev-list", "--all", "--objects").decode().splitlines()
    names = dict(line.partition(" ")[::2] for line in listed)
    output = memoryview(_git(root, "cat-file", "--batch", stdin="\n".join(names).encode()))
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
        written = dict(_write_files(files, Path(folder)))
        command = [sys.executable, "-m", "detect_secrets", "scan", "--all-files", "--no-verify"]
        done = subprocess.run(command, cwd=folder, capture_output=True, check=True)  # noqa: S603 - fixed arguments
    for path, found in sorted(json.loads(done.stdout)["results"].items()):
        lines = list(files[written[path]].items())
        for each in found:
            line, (origin, number) = lines[each["line_number"] - 1]
            shown = origin if origin == UNCOMMITTED else f"`git show {origin[:12]}`"
            location = f"{shown} line {number}"
            yield Suspect(written[path], each["type"], line, location, each["hashed_secret"][:8])


def _write_files(files: dict[str, Lines], folder: Path) -> Iterator[tuple[str, str]]:
    """Each in a separate folder: a former file may be a folder today."""
    for number, (file, lines) in enumerate(files.items()):
        path = folder / str(number) / Path(file).name
        path.parent.mkdir()
        path.write_text("\n".join(lines), encoding="utf-8")
        yield str(path.relative_to(folder)), file


def _git(root: Path, *arguments: str, stdin: bytes = b"") -> bytes:
    done = subprocess.run(["git", *arguments], cwd=root, input=stdin, capture_output=True, check=True)  # noqa: S603, S607 - git
    return done.stdout
