"""Refuses migrations after which the code of the release before could not go on: `python -m tools.migrations`.

During an update, and after a rollback, the former code runs on the new schema (expand and contract). So `upgrade` may
add tables, indexes, and columns that are nullable or have a server default. What it drops, renames or restricts must
not be used any more by the former release; such a migration says so in a constant: UNUSED_SINCE = "1.4" with the
release since which no code uses it.
"""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
EXEMPTION = "UNUSED_SINCE"
REMOVALS = {"drop_table", "drop_column", "rename_table", "drop_constraint"}
RESTRICTIONS = {"create_check_constraint", "create_foreign_key", "create_primary_key", "create_unique_constraint"}
WITHOUT_FORMER_CODE = "0001"
"""The first revision of a service has no release before it."""


def main() -> int:
    found = [
        f"{path.relative_to(ROOT)}:{line}: {reason}"
        for path in sorted((ROOT / "services").glob("*/migrations/versions/*.py"))
        for line, reason in problems(path.stem.partition("_")[0], path.read_text())
    ]
    print("\n".join(found))
    return 1 if found else 0


def problems(revision: str, source: str) -> Iterator[tuple[int, str]]:
    """The line and the reason of each statement of `upgrade` that breaks the former code."""
    tree = ast.parse(source)
    if revision == WITHOUT_FORMER_CODE or _has_exemption(tree):
        return
    functions = {each.name: each for each in tree.body if isinstance(each, ast.FunctionDef)}
    created = _created_tables(tree)
    for name, function in functions.items():
        if name == "downgrade":
            continue
        for call in (each for each in ast.walk(function) if isinstance(each, ast.Call)):
            reason = _reason(call, created)
            if reason:
                yield call.lineno, f"{reason}, which the former code may not expect ({EXEMPTION}, or add a default)"


def _has_exemption(tree: ast.Module) -> bool:
    targets = [target for each in tree.body if isinstance(each, ast.Assign) for target in each.targets]
    return any(isinstance(target, ast.Name) and target.id == EXEMPTION for target in targets)


def _created_tables(tree: ast.Module) -> set[str]:
    """The names of the tables that this migration creates: the former code does not know them."""
    calls = [each for each in ast.walk(tree) if isinstance(each, ast.Call) and _method(each) == "create_table"]
    return {name for each in calls if (name := _text(each, 0)) is not None}


def _reason(call: ast.Call, created: set[str]) -> str | None:
    method = _method(call)
    if method in REMOVALS | {"alter_column"} and _text(call, 0) in created:
        return None
    if method in REMOVALS or method in RESTRICTIONS:
        return f"{method} removes or restricts something"
    if method == "alter_column" and _restricts(call):
        return "alter_column renames or restricts a column"
    if method == "add_column" and not _is_optional(call) and _text(call, 0) not in created:
        return "add_column adds a column that is neither nullable nor has a server default"
    if method == "execute" and _executes_ddl(call):
        return "execute changes the schema"
    return None


def _restricts(alter_column: ast.Call) -> bool:
    names = {each.arg for each in alter_column.keywords}
    return bool(names & {"new_column_name", "type_"}) or _keyword(alter_column, "nullable") is False


def _is_optional(call: ast.Call) -> bool:
    """Whether the column of an add_column may be left out by an INSERT of the former code."""
    columns = [each for each in call.args if isinstance(each, ast.Call)]
    return all(_keyword(each, "nullable") is not False or _has(each, "server_default") for each in columns)


def _executes_ddl(call: ast.Call) -> bool:
    words = (_text(call, 0) or "").upper().split()
    return bool(words) and words[0] in {"ALTER", "DROP", "RENAME", "TRUNCATE"}


def _method(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else ""


def _text(call: ast.Call, position: int) -> str | None:
    if len(call.args) <= position:
        return None
    argument = call.args[position]
    return argument.value if isinstance(argument, ast.Constant) and isinstance(argument.value, str) else None


def _has(call: ast.Call, name: str) -> bool:
    return any(each.arg == name for each in call.keywords)


def _keyword(call: ast.Call, name: str) -> object:
    for each in call.keywords:
        if each.arg == name and isinstance(each.value, ast.Constant):
            return each.value.value
    return None


if __name__ == "__main__":
    sys.exit(main())
