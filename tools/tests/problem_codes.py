"""Finds every problem code in the source: the values of parameters named `code`."""

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache

from tools.description.codes import PAGE

ROOT = PAGE.parents[1]
FOLDERS = ("gateway", "services", "shared")
UNNAMED = {"PydanticCustomError": 0}
"""Functions of libraries: the argument at this place is the code of a field, and where it is alone, of the problem."""
KEYWORD_ONLY = 1_000
"""The place of a `code` that no positional argument reaches."""
Functions = Mapping[str, int]
Modules = tuple[ast.Module, ...]


@cache
def trees() -> Modules:
    """All modules but tests."""
    paths = (path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.py")))
    return tuple(parsed(path.read_text()) for path in paths if not {"tests", "testing"} & set(path.parts))


def parsed(source: str) -> ast.Module:
    return ast.parse(source)


def codes_in(modules: Modules, *, known: Modules | None = None, only: str = "") -> set[str]:
    """Patterns of all codes in calls, of `only` this kind.

    A code, or a regular expression if a part is interpolated. Functions with a parameter named `code` are searched in
    `known`, or in the same modules.
    """
    return {pattern for kinds, pattern in _calls(modules, known or modules) if not only or only in kinds}


@cache
def _calls(modules: Modules, known: Modules) -> list[tuple[list[str], str]]:
    """The dotted name of each function that is called, in parts, with each pattern given to it."""
    functions = {**UNNAMED, **_functions(known)}
    return [
        (ast.unparse(call.func).split("."), pattern)
        for module in modules
        for call in ast.walk(module)
        if isinstance(call, ast.Call)
        for pattern in _given(call, functions, module)
    ]


@cache
def _functions(modules: Modules) -> Functions:
    """Functions and classes with a parameter `code`, and its position."""
    heirs: dict[str, str] = {}
    found: dict[str, int] = {}
    for node in (node for module in modules for node in ast.walk(module)):
        if isinstance(node, ast.ClassDef):
            heirs.update((node.name, ast.unparse(base).split(".")[-1]) for base in node.bases)
            maker = next((each for each in node.body if getattr(each, "name", "") == "__init__"), None)
            if isinstance(maker, ast.FunctionDef) and (place := _place(maker)) is not None:
                found[node.name] = place
        elif isinstance(node, ast.FunctionDef) and node.name != "__init__" and (place := _place(node)) is not None:
            found[node.name] = place
    return found | {name: found[base] for name, base in heirs.items() if base in found}


def _place(function: ast.FunctionDef) -> int | None:
    names = [each.arg for each in function.args.args if each.arg not in ("self", "cls")]
    if any(each.arg == "code" for each in function.args.kwonlyargs):
        return KEYWORD_ONLY
    return names.index("code") if "code" in names else None


def _given(call: ast.Call, functions: Functions, module: ast.Module) -> Iterator[str]:
    place = functions.get(ast.unparse(call.func).split(".")[-1])
    if place is None:
        return
    arguments = list(_spread(call.args, module))
    named = [keyword.value for keyword in call.keywords if keyword.arg == "code"]
    for value in named or arguments[place : place + 1]:
        yield from _patterns(value)


def _spread(arguments: Iterable[ast.expr], module: ast.Module) -> Iterator[ast.expr]:
    """The values of `*NOT_FOUND` in this module."""
    for each in arguments:
        if isinstance(each, ast.Starred):
            yield from _elements(ast.unparse(each.value), module)
        else:
            yield each


def _elements(name: str, module: ast.Module) -> list[ast.expr]:
    values = {ast.unparse(each.targets[0]): each.value for each in module.body if isinstance(each, ast.Assign)}
    value = values.get(name)
    return value.elts if isinstance(value, ast.Tuple) else []


def _patterns(value: ast.expr) -> Iterator[str]:
    match value:
        case ast.Constant(value=str(code)):
            yield code
        case ast.IfExp(body=one, orelse=other):
            yield from (*_patterns(one), *_patterns(other))
        case ast.JoinedStr(values=parts):
            yield "".join(re.escape(str(part.value)) if isinstance(part, ast.Constant) else "[a-z_]+" for part in parts)
