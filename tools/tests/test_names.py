"""Old words are refused in names of every kind, except in unchecked folders and files."""

import ast
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

from tools.names import read_old_names, refused, words_of

ROOT = Path(__file__).parents[2]
OLD = {
    "unchecked": ["shared/web", "shared/ids.py"],
    "words": {"door": "pipeline"},
    "test_words": {"whoever": "client"},
    "variables": {"here": "deps"},
    "modules": {"plain": "fast_path"},
    "allowed": {"outdoor_door": "part of the test"},
}


def reasons(source: str, path: str = "gateway/app.py", old: dict[str, Any] = OLD) -> list[str]:
    return [reason for _, reason in refused(PurePosixPath(path), list(ast.walk(ast.parse(source))), old)]


@pytest.mark.parametrize(
    "source",
    [
        "class DoorKeeper: ...",
        "def open_door(): ...",
        "async def _door(): ...",
        "def f(door): ...",
        "def f(*, doors=()): ...",
        "door = 1",
        "DOOR_SECONDS = 1",
        "self.door = 1",
        "for door in []: ...",
        "import x as door",
        "def f(here): ...",
        "here = 1",
        "def test_whoever_asks_is_refused(): ...",
    ],
)
def test_name_with_an_old_word_is_refused(source: str) -> None:
    (reason,) = reasons(source)
    assert "uses an old word" in reason


@pytest.mark.parametrize(
    "path", ["gateway/door.py", "gateway/door/x.py", "gateway/tests/test_door_x.py", "gateway/plain.py"]
)
def test_module_with_an_old_name_is_refused(path: str) -> None:
    assert len(reasons("", path)) == 1


@pytest.mark.parametrize(
    "source",
    [
        "indoors = 1",
        "from library import door",
        "x = door",
        "outdoor_door = 1",
        "def from_here(): ...",
        "def test_a_person_at_the_door_is_refused(): ...",
        "plain = 1",
    ],
)
def test_other_names_are_not_refused(source: str) -> None:
    assert reasons(source) == []


@pytest.mark.parametrize("path", ["shared/web/door.py", "shared/ids.py"])
def test_unchecked_folders_and_files_are_skipped(path: str) -> None:
    assert reasons("door = 1", path) == []


def test_word_list_is_consistent() -> None:
    """Unchecked paths exist, and no replacement is itself refused."""
    old = read_old_names()
    assert [path for path in old["unchecked"] if not (ROOT / path).exists()] == []
    kinds = ("words", "test_words", "variables", "modules")
    replacements = [new for kind in kinds for new in old[kind].values()]
    assert [new for new in replacements if words_of(new) & set(old["words"])] == []
