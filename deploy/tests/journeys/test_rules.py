"""Each product rule is shown by at least one test that has its id."""

import ast
import re
from pathlib import Path

FOLDER = Path(__file__).parent
RULES = [
    f"{group}{number}"
    for group, last in (("A", 7), ("F", 2), ("P", 10), ("D", 5), ("T", 4))
    for number in range(1, last + 1)
]


def journeys() -> list[str]:
    """The names of all tests of this folder."""
    trees = [ast.parse(file.read_text()) for file in sorted(FOLDER.glob("test_*.py"))]
    functions = [node for tree in trees for node in tree.body if isinstance(node, ast.FunctionDef)]
    return [function.name for function in functions if function.name.startswith("test_")]


def test_every_rule_has_a_journey() -> None:
    shown = {part for name in journeys() for part in name.split("_")}
    assert [rule for rule in RULES if rule not in shown] == []


def test_every_journey_names_an_existing_rule() -> None:
    carried = {part for name in journeys() for part in name.split("_") if re.fullmatch(r"[A-Z]\d+", part)}
    assert carried <= set(RULES)
