"""The ES modules of the web client: what they import, their text as served, and several of them joined into one file.

Only the forms that the client uses are understood: named, default and namespace imports, and exported functions,
classes and constants. Any other form in a module that is joined is an error when the gateway starts.
"""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

_STATIC_IMPORT = re.compile(
    r"""\b(?P<kind>import|export)\s*(?P<names>\{[^{}]*\}|\*\s*as\s+[\w$]+|[\w$]+)\s*from\s*"""
    r"""(?P<quote>["'])(?P<specifier>[^"'\n]+)(?P=quote)[ \t]*;?"""
)
_DYNAMIC_IMPORT = re.compile(r"""\bimport\((?P<quote>["'])(?P<specifier>[^"'\n]+)(?P=quote)\)""")
_EXPORTED_NAMES = re.compile(r"\bexport\s*\{(?P<names>[^{}]*)\};?")
_EXPORTED_DECLARATION = re.compile(
    r"^export (?P<default>default )?(?P<declaration>(?:async )?(?:function|class|const) (?P<name>[\w$]+))", re.MULTILINE
)
_DEFAULT_EXPRESSION = re.compile(r"(?:^|(?<=[;}]))export default ", re.MULTILINE)
_NOT_UNDERSTOOD = re.compile(r"""(?:^|[;}])\s*(?:export\b|import\s*["'{*\w$])""", re.MULTILINE)
_COMMENT = re.compile(
    r"^[ \t]*/\*\*.*?\*/[ \t]*\n|/\*\* @\w+ [^\n]*?\*/ ?|^[ \t]*//(?!#)[^\n]*\n", re.DOTALL | re.MULTILINE
)
_INDENTATION = re.compile(r"(?<=\n)[ \t]+")
_SOURCE_MAP = re.compile(r"//# sourceMappingURL=\S+")


@dataclass(frozen=True, slots=True)
class Module:
    """One file."""

    path: str
    text: str
    """Without documentation comments, lines of comments and indentation, which would be a fifth of what is sent.

    Templates of elements ignore the indentation of their lines, and no other text has several lines.
    """
    targets: Mapping[str, str]
    """The specifiers in the text, and the paths of the files they refer to."""
    static_imports: frozenset[str]
    """The paths of the modules that run before this one. Dynamic imports (`import("./view.js")`) are not among them."""

    @property
    def variable(self) -> str:
        """The name of the module's exports in a joined file."""
        return "$" + re.sub(r"\W", "_", self.path.removesuffix(".js"))


class Modules:
    """All modules of a folder. `packages` maps the names of packages to the paths of their vendored files."""

    def __init__(self, folder: Path, paths: Iterable[str], packages: Mapping[str, str]) -> None:
        self._folder = folder
        self._packages = packages
        self._by_path = {path: self._read(path) for path in paths}

    def __contains__(self, path: str) -> bool:
        return path in self._by_path

    def static_closure(self, *paths: str) -> list[str]:
        """These modules and all that run before them, each after those that it imports. An import cycle is an error."""
        ordered: list[str] = []
        entered: list[str] = []

        def enter(path: str) -> None:
            if path in ordered:
                return
            if path in entered:
                raise RuntimeError(f"{' imports '.join([*entered[entered.index(path) :], path])}: a cycle.")
            entered.append(path)
            for imported in sorted(self._by_path[path].static_imports):
                enter(imported)
            entered.pop()
            ordered.append(path)

        for path in paths:
            enter(path)
        return ordered

    def reachable(self, *paths: str) -> set[str]:
        """These modules and everything that they import, at any time."""
        found: set[str] = set()
        waiting = list(paths)
        while waiting:
            path = waiting.pop()
            if path not in found:
                found.add(path)
                waiting += self._by_path[path].targets.values()
        return found

    def served(self, path: str, names: Mapping[str, str], joined: Collection[str] = ()) -> str:
        """The text of a module that is a file of its own. `names` are the file names of all modules; those that are
        `joined` have the same one.
        """
        module = self._by_path[path]
        text, used = self._with_imports(module, names, joined)
        if not used:
            return text
        variables = ", ".join(self._by_path[target].variable for target in sorted(used))
        return f'import {{ {variables} }} from "./{names[min(used)]}";\n{text}'

    def joined(self, paths: Iterable[str], names: Mapping[str, str]) -> str:
        """The text of one file that contains these modules, in this order. Each is a function that runs once and
        returns what the module exports; the other files import these objects.
        """
        members = [self._by_path[path] for path in paths]
        inside = {member.path for member in members}
        parts = [self._as_function(member, names, inside) for member in members]
        return "".join(parts) + f"export {{ {', '.join(member.variable for member in members)} }};\n"

    def _as_function(self, module: Module, names: Mapping[str, str], joined: Collection[str]) -> str:
        exported: dict[str, str] = {}
        text = _STATIC_IMPORT.sub(lambda found: self._reexported(module, found, exported), module.text)

        def listed(found: re.Match[str]) -> str:
            exported.update({outer: inner for inner, outer in _pairs(found["names"])})
            return ""

        def declared(found: re.Match[str]) -> str:
            exported["default" if found["default"] else found["name"]] = found["name"]
            return found["declaration"]

        def expression(_: re.Match[str]) -> str:
            exported["default"] = "$default"
            return "const $default = "

        for pattern, replaced in (
            (_EXPORTED_NAMES, listed),
            (_EXPORTED_DECLARATION, declared),
            (_DEFAULT_EXPRESSION, expression),
        ):
            text = pattern.sub(replaced, text)
        text, _ = self._with_imports(replace(module, text=text), names, joined)
        if unknown := _NOT_UNDERSTOOD.search(text):
            raise RuntimeError(f"{module.path} cannot be joined with other modules: {text[unknown.start() :][:60]!r}")
        members = ", ".join(f"{outer}: {inner}" for outer, inner in exported.items())
        return f"const {module.variable} = (() => {{\n{text}\nreturn {{ {members} }};\n}})();\n"

    def _reexported(self, module: Module, found: re.Match[str], exported: dict[str, str]) -> str:
        if found["kind"] == "import":
            return found[0]
        source = self._by_path[module.targets[found["specifier"]]].variable
        exported.update({outer: f"{source}.{inner}" for inner, outer in _pairs(found["names"][1:-1])})
        return ""

    def _with_imports(self, module: Module, names: Mapping[str, str], joined: Collection[str]) -> tuple[str, set[str]]:
        """The text with the names of the served files in its imports, and which of the joined modules it uses."""
        used: set[str] = set()

        def static(found: re.Match[str]) -> str:
            target = module.targets.get(found["specifier"])
            if target is None:
                return found[0]
            if target not in joined:
                return f'{found["kind"]} {found["names"]} from "./{names[target]}";'
            used.add(target)
            return f"const {_pattern(found['names'])} = {self._by_path[target].variable};"

        def dynamic(found: re.Match[str]) -> str:
            target = module.targets.get(found["specifier"])
            if target is None:
                return found[0]
            member = f".then((file) => file.{self._by_path[target].variable})" if target in joined else ""
            return f'import("./{names[target]}"){member}'

        return _DYNAMIC_IMPORT.sub(dynamic, _STATIC_IMPORT.sub(static, module.text)), used

    def _read(self, path: str) -> Module:
        text = (self._folder / path).read_text(encoding="utf-8")
        text = _INDENTATION.sub("", _SOURCE_MAP.sub("", _COMMENT.sub("", text)))
        targets: dict[str, str] = {}
        static = set()
        for pattern in (_STATIC_IMPORT, _DYNAMIC_IMPORT):
            for found in pattern.finditer(text):
                target = self._target(path, found["specifier"])
                if target is not None:
                    targets[found["specifier"]] = target
                    if pattern is _STATIC_IMPORT:
                        static.add(target)
        return Module(path, text, targets, frozenset(static))

    def _target(self, path: str, specifier: str) -> str | None:
        if not specifier.startswith("."):
            return self._packages.get(specifier)
        target = (self._folder / path).parent.joinpath(specifier).resolve()
        if not target.is_file():
            raise RuntimeError(f"{path} imports {specifier}, which does not exist.")
        return target.relative_to(self._folder.resolve()).as_posix()


def _pairs(names: str) -> list[tuple[str, str]]:
    """`a, b as c` as pairs: (a, a), (b, c)."""
    each = [name.split() for name in names.split(",") if name.strip()]
    return [(words[0], words[-1]) for words in each]


def _pattern(names: str) -> str:
    """What an import names, as the left side of an assignment from the module's exports."""
    if names.startswith("*"):
        return names.rsplit(maxsplit=1)[-1]
    if not names.startswith("{"):
        return f"{{ default: {names} }}"
    members = (outer if outer == inner else f"{outer}: {inner}" for outer, inner in _pairs(names[1:-1]))
    return f"{{ {', '.join(members)} }}"
