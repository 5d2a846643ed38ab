"""The rules of this house that no linter knows; `python -m tools.lint_rules` tells what breaks them.

A rule is a function that reads one source and yields what it finds there; RULES lists them all.
"""

import ast
import io
import re
import subprocess
import sys
import tokenize
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TypeAlias

ROOT = Path(__file__).resolve().parent.parent
LONGEST_FILE = 300
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
EMPTY_NAMES = {"base", "common", "crud", "helpers", "manager", "misc", "service", "utils"}
DOMAIN_NOUNS = {
    "account", "avatar", "comment", "follow", "follower", "like", "message",
    "nickname", "photo", "post", "room", "session", "user",
}  # fmt: skip
# Names in shared/ that hold such a word and mean plumbing all the same, each with its reason.
PLUMBING = {
    "on_message_begin": "httptools' word for a request that begins",
    "message": "what ASGI and the broker call that which they carry",
    "Message": "ASGI's type of what it carries",
    "MYSQL_SESSION": "MySQL's word for what belongs to one connection",
    "session_id": "the claim `sid` of a token (OpenID Connect)",
    "end_session": "the same session",
    "of_session": "the same session",
}
SLEEPS = {"time.sleep", "asyncio.sleep", "anyio.sleep", "sleep"}
CLIENTS = {"httpx.Client", "httpx.AsyncClient", "aiohttp.ClientSession", "AsyncClient", "ClientSession"}
CLIENTS |= {f"httpx.{verb}" for verb in ("delete", "get", "head", "patch", "post", "put", "request", "stream")}
# Letters in brackets keep this file from finding itself.
LEFT_FOR_LATER = re.compile(r"\b(?:TOD[O]|FIXM[E]|XX[X]|HAC[K])\b")
FOREIGN_PLACE = re.compile(
    r"py[p]i\.org|pythonhoste[d]\.org|npmj[s]\.(?:com|org)|\b(?:deb|security)\.debia[n]\.org"
    r"|(?<![\w.])/(?:wor[k]|Use[r]s|hom[e]/[a-z]+)/"
)
OFFSET = re.compile(r"\bOFFSET\s+[\d:%?{]")
EXCUSE = re.compile(
    r"#\s*(?:type:\s*ignore(?:\[[^]]*\])?|pragma: no \w+"
    r"|(?:ruff:\s*)?noqa(?::\s*[A-Z]+\d+(?:[,\s]+[A-Z]+\d+)*)?)(.*)"
)

Finding: TypeAlias = tuple[int, str]


@dataclass(frozen=True)
class Source:
    path: PurePosixPath
    text: str
    tree: ast.Module | None

    @property
    def is_test(self) -> bool:
        return "tests" in self.path.parts or self.path.name.startswith(("test_", "conftest"))

    def nodes(self) -> Iterator[ast.AST]:
        return ast.walk(self.tree) if self.tree else iter(())

    def calls(self) -> Iterator[tuple[ast.Call, str]]:
        return ((node, ast.unparse(node.func)) for node in self.nodes() if isinstance(node, ast.Call))


def begins_by_saying_why(source: Source) -> Iterator[Finding]:
    if source.tree and not ast.get_docstring(source.tree):
        yield 1, "begins without a docstring that says why the file exists"


def is_readable_at_one_sitting(source: Source) -> Iterator[Finding]:
    lines = source.text.count("\n")
    if source.tree and lines > LONGEST_FILE and "migrations" not in source.path.parts:
        yield (
            LONGEST_FILE + 1,
            f"has {lines} lines, {LONGEST_FILE} at most: make it a folder with a file for each noun",
        )


def is_named_for_what_it_does(source: Source) -> Iterator[Finding]:
    for part in source.path.with_suffix("").parts:
        if source.tree and part in EMPTY_NAMES:
            yield 1, f"`{part}` says nothing: name it for what it does"


def shared_knows_no_domain_noun(source: Source) -> Iterator[Finding]:
    if source.path.parts[0] != "shared":
        return
    for node in source.nodes():
        for name in names_given_by(node):
            nouns = DOMAIN_NOUNS & words_of(name)
            if nouns and name.strip("_") not in PLUMBING:
                yield (
                    getattr(node, "lineno", 1),
                    f"`{name}` speaks of {min(nouns)}: shared/ is plumbing for any domain",
                )


def names_given_by(node: ast.AST) -> Iterator[str]:
    """The names that this node brings into the world; those of libraries are not ours to choose."""
    match node:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            yield name
        case ast.arg(arg=name) | ast.Name(id=name, ctx=ast.Store()) | ast.Attribute(attr=name, ctx=ast.Store()):
            yield name
        case ast.alias(asname=str(name)) | ast.ExceptHandler(name=str(name)):
            yield name


def words_of(name: str) -> set[str]:
    words = [word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", name)]
    return {*words, *(word.removesuffix("s") for word in words)}


def tests_wait_for_conditions(source: Source) -> Iterator[Finding]:
    waiting_tool = PurePosixPath("shared/testing") in source.path.parents
    if not (source.is_test or waiting_tool):
        return
    allowed = set(ast.walk(function_named("eventually", source))) if waiting_tool else set()
    for call, name in source.calls():
        if name in SLEEPS and call not in allowed:
            yield (
                call.lineno,
                f"`{name}` in a test: wait for a condition with `eventually` of shared/testing",
            )


def function_named(name: str, source: Source) -> ast.AST:
    found = (node for node in source.nodes() if isinstance(node, ast.FunctionDef) and node.name == name)
    return next(found, ast.Pass())


def pages_never_count_off(source: Source) -> Iterator[Finding]:
    sentence = "pages by offset, which skips and repeats and slows down: page by key"
    for call, name in source.calls():
        if name.endswith(".offset"):
            yield call.lineno, sentence
    for node in source.nodes():
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and OFFSET.search(node.value):
            yield node.lineno, sentence


def tables_come_from_migrations(source: Source) -> Iterator[Finding]:
    for node in source.nodes():
        if isinstance(node, ast.Attribute) and node.attr == "create_all":
            yield node.lineno, "`create_all` makes tables that no migration knows: write a migration"


def nobody_waits_for_ever(source: Source) -> Iterator[Finding]:
    for call, name in source.calls():
        if name in CLIENTS and not {"timeout", None} & {keyword.arg for keyword in call.keywords}:
            yield call.lineno, f"`{name}` without `timeout=`: say how long it may take"


def every_excuse_has_a_reason(source: Source) -> Iterator[Finding]:
    if not source.tree:
        return
    for token in tokenize.generate_tokens(io.StringIO(source.text).readline):
        excuse = EXCUSE.search(token.string) if token.type == tokenize.COMMENT else None
        if excuse and not re.search(r"[A-Za-z]{2}", excuse[1]):
            yield (
                token.start[0],
                "an exception from a rule without its reason: write it behind, in the same comment",
            )


def nothing_is_left_for_later(source: Source) -> Iterator[Finding]:
    for number, line in enumerate(source.text.splitlines(), 1):
        if LEFT_FOR_LATER.search(line):
            yield number, "something is left for later: do it now, or file an issue and delete the line"


def names_no_foreign_place(source: Source) -> Iterator[Finding]:
    for number, line in enumerate(source.text.splitlines(), 1):
        if found := FOREIGN_PLACE.search(line):
            yield (
                number,
                f"`{found[0]}` exists on one machine or is a package registry's own: it does not belong here",
            )


RULES: list[Callable[[Source], Iterator[Finding]]] = [
    begins_by_saying_why,
    is_readable_at_one_sitting,
    is_named_for_what_it_does,
    shared_knows_no_domain_noun,
    tests_wait_for_conditions,
    pages_never_count_off,
    tables_come_from_migrations,
    nobody_waits_for_ever,
    every_excuse_has_a_reason,
    nothing_is_left_for_later,
    names_no_foreign_place,
]


def rooms_alike(paths: Iterable[PurePosixPath]) -> Iterator[str]:
    """Every service has the same files, so that whoever has learnt one finds the way in all."""
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
    """None for what is no text: a picture, or a link to a folder."""
    try:
        text = (root / path).read_text(encoding="utf-8")
    except (UnicodeDecodeError, OSError):
        return None
    return Source(path, text, ast.parse(text, str(path)) if path.suffix == ".py" else None)


def check(root: Path, paths: Iterable[PurePosixPath]) -> Iterator[str]:
    known = sorted(paths)
    yield from rooms_alike(known)
    for path in known:
        if source := read(root, path):
            for rule in RULES:
                yield from (f"{path}:{line}: {sentence}" for line, sentence in rule(source))


def files_of(root: Path) -> list[PurePosixPath]:
    """What git knows or would take in: no caches, no data of a running instance."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=root, check=True, capture_output=True, text=True)  # noqa: S603  fixed words
    return [PurePosixPath(name) for name in listed.stdout.split("\0") if name]


def main() -> int:
    found = list(check(ROOT, files_of(ROOT)))
    print("\n".join(found), end="\n" if found else "")
    return len(found) > 0


if __name__ == "__main__":
    sys.exit(main())
