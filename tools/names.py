"""Words in names, and a rule that refuses words which have a standard term."""

import ast
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

OLD_NAMES = Path(__file__).with_name("old_names.toml")


def read_old_names() -> Mapping[str, Any]:
    return tomllib.loads(OLD_NAMES.read_text(encoding="utf-8"))


def defined_names(node: ast.AST) -> Iterator[str]:
    """The names that this node defines; names of libraries are not ours to choose."""
    match node:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            yield name
        case ast.arg(arg=name) | ast.Name(id=name, ctx=ast.Store()) | ast.Attribute(attr=name, ctx=ast.Store()):
            yield name
        case ast.alias(asname=str(name)) | ast.ExceptHandler(name=str(name)):
            yield name


def words_of(name: str) -> set[str]:
    """The words of a name in any case, in the singular as well."""
    words = [word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", name)]
    return {*words, *(word.removesuffix("s") for word in words)}


def refused(path: PurePosixPath, nodes: Iterable[ast.AST], old: Mapping[str, Any]) -> Iterator[tuple[int, str]]:
    """The line and the reason of each name that holds an old word, unless its file is unchecked."""
    if any(path.is_relative_to(folder) for folder in old["unchecked"]):
        return
    module = path.stem.removeprefix("test_")
    if module in old["modules"]:
        yield 1, _reason(path.stem, module, old["modules"])
    for part in path.with_suffix("").parts:
        yield from ((1, reason) for reason in _words_refused(part, old))
    for node in nodes:
        for name in defined_names(node):
            line = getattr(node, "lineno", 1)
            if isinstance(node, ast.arg | ast.Name) and name.strip("_").lower() in old["variables"]:
                yield line, _reason(name, name.strip("_").lower(), old["variables"])
            is_test = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and name.startswith("test_")
            yield from ((line, reason) for reason in _words_refused(name, old, "test_words" if is_test else "words"))


def _words_refused(name: str, old: Mapping[str, Any], section: str = "words") -> Iterator[str]:
    if name not in old["allowed"]:
        yield from (_reason(name, word, old[section]) for word in sorted(words_of(name) & set(old[section])))


def _reason(name: str, word: str, replacements: Mapping[str, str]) -> str:
    return f"`{name}` uses an old word: write {replacements[word]} instead of {word}"
