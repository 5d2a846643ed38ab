"""Lint rules that ruff and import-linter do not have; `python -m tools.lint_rules` lists what breaks them.

A rule is a function that yields the line and the reason of each violation in one source file; RULES lists all.
"""

import ast
import io
import re
import subprocess
import sys
import tokenize
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import TypeAlias

from .names import defined_names, read_old_names, refused, words_of

ROOT = Path(__file__).resolve().parent.parent
MAX_LINES = 300
VENDORED_FOLDERS = ("gateway/docs/swagger_ui", "web/vendor")
"""Files of others, which are kept as they are."""
OLD_NAMES = read_old_names()
FILES_OF_A_SERVICE = {
    "README.md",
    "openapi.json",
    "pyproject.toml",
    "requirements.lock",
    "migrations",
    "tests",
}
MODULES_OF_A_SERVICE = {
    "main", "app", "api", "subscriptions", "actions", "queries", "models", "events", "settings",
}  # fmt: skip
MEANINGLESS_NAMES = {"base", "common", "crud", "helpers", "manager", "misc", "service", "utils"}
DOMAIN_NOUNS = {
    "account", "avatar", "comment", "follow", "follower", "like", "message",
    "nickname", "photo", "post", "room", "session", "user",
}  # fmt: skip
# Names in shared/ that contain such a word but mean no domain object, each with its reason.
TECHNICAL_NAMES = {
    "on_message_begin": "httptools' callback at the start of a request or response",
    "on_message_complete": "httptools' callback at its end",
    "do_POST": "what http.server calls for a request with this method",
    "message": "what ASGI and the broker transport",
    "Message": "ASGI's type of what it transports",
    "MYSQL_SESSION": "MySQL's term for the state of one connection",
    "session_id": "the claim `sid` of a token (OpenID Connect)",
    "next_message": "the next text for a WebSocket",
    "NextMessage": "the same",
    "REVOKED_SESSIONS_HEADER": "the claim `sid` of tokens (OpenID Connect)",
    "REVOKED_USER_HEADER": "the claim `sub` of tokens",
    "CurrentUser": "the usual name of this dependency (FastAPI)",
    "OptionalUser": "the same",
    "VerifiedUser": "the same",
    "unverified_may_post": "the setting UNVERIFIED_MAY_POST, which all processes know",
    "unverified_users_may_post": "the same",
    "session": "aiosmtpd's state of one connection",
    "_session": "the same",
    "end_session": "the same session",
    "of_session": "the same session",
}
CLIENTS = {"httpx.Client", "httpx.AsyncClient", "aiohttp.ClientSession", "AsyncClient", "ClientSession"}
CLIENTS |= {f"httpx.{verb}" for verb in ("delete", "get", "head", "patch", "post", "put", "request", "stream")}
# Letters in brackets keep this file from finding itself.
POSTPONED_WORK = re.compile(r"\b(?:TOD[O]|FIXM[E]|XX[X]|HAC[K])\b")
FOREIGN_ADDRESS = re.compile(
    r"py[p]i\.org|pythonhoste[d]\.org|npmj[s]\.(?:com|org)|\b(?:deb|security)\.debia[n]\.org"
    r"|(?<![\w.])/(?:wor[k]|Use[r]s|hom[e]/[a-z]+)/"
)
OFFSET = re.compile(r"\bOFFSET\s+[\d:%?{]")
SUPPRESSION = re.compile(
    r"#\s*(?:type:\s*ignore(?:\[[^]]*\])?|pragma: no \w+"
    r"|(?:ruff:\s*)?noqa(?::\s*[A-Z]+\d+(?:[,\s]+[A-Z]+\d+)*)?)(.*)"
)

Finding: TypeAlias = tuple[int, str]


@dataclass(frozen=True)
class Source:
    path: PurePosixPath
    text: str
    tree: ast.Module | None

    @cached_property
    def nodes(self) -> list[ast.AST]:
        return list(ast.walk(self.tree)) if self.tree else []

    def calls(self) -> Iterator[tuple[ast.Call, str]]:
        return ((node, ast.unparse(node.func)) for node in self.nodes if isinstance(node, ast.Call))


def file_is_short(source: Source) -> Iterator[Finding]:
    lines = source.text.count("\n")
    if source.tree and lines > MAX_LINES and "migrations" not in source.path.parts:
        yield (
            MAX_LINES + 1,
            f"has {lines} lines, {MAX_LINES} at most: make it a folder with a file for each noun",
        )


def module_name_has_meaning(source: Source) -> Iterator[Finding]:
    for part in source.path.with_suffix("").parts:
        if source.tree and part in MEANINGLESS_NAMES:
            yield 1, f"`{part}` has no meaning: name it for what it does"


def names_use_standard_terms(source: Source) -> Iterator[Finding]:
    if source.tree:
        yield from refused(source.path, source.nodes, OLD_NAMES)


def shared_has_no_domain_names(source: Source) -> Iterator[Finding]:
    if source.path.parts[0] != "shared":
        return
    for node in source.nodes:
        for name in defined_names(node):
            nouns = DOMAIN_NOUNS & words_of(name)
            if nouns and name.strip("_") not in TECHNICAL_NAMES:
                yield (
                    getattr(node, "lineno", 1),
                    f"`{name}` contains {min(nouns)}: shared/ knows no domain objects",
                )


def pagination_uses_no_offset(source: Source) -> Iterator[Finding]:
    sentence = "paginates by offset, which skips and repeats rows and becomes slow: use a key"
    for call, name in source.calls():
        if name.endswith(".offset"):
            yield call.lineno, sentence
    for node in source.nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and OFFSET.search(node.value):
            yield node.lineno, sentence


def tables_come_from_migrations(source: Source) -> Iterator[Finding]:
    for node in source.nodes:
        if isinstance(node, ast.Attribute) and node.attr == "create_all":
            yield node.lineno, "`create_all` creates tables without a migration: write a migration"


def http_clients_have_timeouts(source: Source) -> Iterator[Finding]:
    for call, name in source.calls():
        if name in CLIENTS and not {"timeout", None} & {keyword.arg for keyword in call.keywords}:
            yield call.lineno, f"`{name}` without `timeout=`: set one"


def suppressions_have_reasons(source: Source) -> Iterator[Finding]:
    if not source.tree:
        return
    for token in tokenize.generate_tokens(io.StringIO(source.text).readline):
        suppression = SUPPRESSION.search(token.string) if token.type == tokenize.COMMENT else None
        if suppression and not re.search(r"[A-Za-z]{2}", suppression[1]):
            yield (
                token.start[0],
                "suppresses a rule without a reason: write the reason in the same comment",
            )


def no_work_is_postponed(source: Source) -> Iterator[Finding]:
    for number, line in enumerate(source.text.splitlines(), 1):
        if POSTPONED_WORK.search(line):
            yield number, "postpones work: do it now, or file an issue and delete the line"


def no_foreign_addresses(source: Source) -> Iterator[Finding]:
    for number, line in enumerate(source.text.splitlines(), 1):
        if found := FOREIGN_ADDRESS.search(line):
            yield (
                number,
                f"`{found[0]}` is a path of one machine or the address of a package registry: remove it",
            )


RULES: list[Callable[[Source], Iterator[Finding]]] = [
    file_is_short,
    module_name_has_meaning,
    names_use_standard_terms,
    shared_has_no_domain_names,
    pagination_uses_no_offset,
    tables_come_from_migrations,
    http_clients_have_timeouts,
    suppressions_have_reasons,
    no_work_is_postponed,
    no_foreign_addresses,
]


def services_have_the_same_files(paths: Iterable[PurePosixPath]) -> Iterator[str]:
    """Every service has the same file names."""
    inside: dict[str, set[str]] = {}
    for path in paths:
        if path.parts[0] == "services" and len(path.parts) > 2:
            inside.setdefault(path.parts[1], set()).add(path.parts[2])
    for service, names in sorted(inside.items()):
        for name in sorted(FILES_OF_A_SERVICE - names):
            yield f"services/{service}:1: has no {name}, as every service has"
        for module in sorted(MODULES_OF_A_SERVICE):
            if not {module, f"{module}.py"} & names:
                yield f"services/{service}:1: has no {module}.py, as every service has"


def read(root: Path, path: PurePosixPath) -> Source | None:
    """None for files that are not text: images, or links to folders."""
    try:
        text = (root / path).read_text(encoding="utf-8")
    except (UnicodeDecodeError, OSError):
        return None
    return Source(path, text, ast.parse(text, str(path)) if path.suffix == ".py" else None)


def check(root: Path, paths: Iterable[PurePosixPath]) -> Iterator[str]:
    known = sorted(paths)
    yield from services_have_the_same_files(known)
    for path in known:
        if any(path.is_relative_to(folder) for folder in VENDORED_FOLDERS):
            continue
        if source := read(root, path):
            for rule in RULES:
                yield from (f"{path}:{line}: {sentence}" for line, sentence in rule(source))


def files_of(root: Path) -> list[PurePosixPath]:
    """Files in git or not ignored: no caches, no data of a running instance."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=root, check=True, capture_output=True, text=True)  # noqa: S603  fixed arguments
    return [PurePosixPath(name) for name in listed.stdout.split("\0") if name]


def main() -> int:
    found = list(check(ROOT, files_of(ROOT)))
    print("\n".join(found), end="\n" if found else "")
    return len(found) > 0


if __name__ == "__main__":
    sys.exit(main())
