"""Links and file names in the Markdown documents refer to files that exist."""

import re
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path, PurePosixPath

import pytest

ROOT = Path(__file__).parents[2]
LINK = re.compile(r"\]\((?!\w+:)([^)#\s]*)(?:#([^)\s]*))?\)")
CODE = re.compile(r"`([a-z.][\w.-]*(?:/[\w.-]+)*/?)`")
"""A file or folder in backticks. `/docs` is a URL and `DATA_DIR/secrets.json` is somewhere else."""
SOURCES = (".py", ".js", ".ts", ".css", ".sh", ".conf", ".cnf", ".lua")
"""Such a file is ours even where only its name is given; of other files the path has to be complete."""
OTHERS = (".md", ".json", ".yml", ".toml", ".lock", ".svg", ".webp")
MADE_AT_RUN_TIME = {"data/secrets.json"}
FENCED = re.compile(r"^```.*?^```$", re.DOTALL | re.MULTILINE)


@cache
def tracked() -> frozenset[str]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    return frozenset(name for name in listed.stdout.split("\0") if (ROOT / name).is_file())


@cache
def names() -> frozenset[str]:
    return frozenset(PurePosixPath(name).name for name in tracked())


def documents() -> list[str]:
    return sorted(name for name in tracked() if name.endswith(".md") and not name.startswith("bench/results/"))


def anchors(text: str) -> set[str]:
    headings = re.findall(r"^#+ (.*)$", FENCED.sub("", text), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def broken_links(document: Path, text: str) -> Iterator[str]:
    for target, anchor in LINK.findall(FENCED.sub("", text)):
        path = document.parent / target if target else document
        if not path.exists():
            yield target
        elif anchor and anchor not in anchors(text if path == document else path.read_text()):
            yield f"{target}#{anchor}"


def missing_files(document: Path, text: str) -> Iterator[str]:
    for name in CODE.findall(FENCED.sub("", text)):
        top, slash, _ = name.partition("/")
        if name.endswith("/"):
            is_ours = (ROOT / top).is_dir()
        else:
            is_ours = name.endswith(SOURCES) or bool(slash and name.endswith(OTHERS))
        exists = any((folder / name).exists() for folder in (ROOT, document.parent))
        if is_ours and not exists and name not in MADE_AT_RUN_TIME and (slash or name not in names()):
            yield name


@pytest.mark.parametrize("name", documents())
def test_every_link_has_a_target(name: str) -> None:
    assert list(broken_links(ROOT / name, (ROOT / name).read_text())) == []


@pytest.mark.parametrize("name", documents())
def test_every_named_file_exists(name: str) -> None:
    assert list(missing_files(ROOT / name, (ROOT / name).read_text())) == []


def test_broken_link_is_found() -> None:
    text = "# Top\n[a](docs/nowhere.md) [b](docs/cluster.md#nowhere) [c](#top) [d](https://example.org/x.md)"
    assert list(broken_links(ROOT / "README.md", text)) == ["docs/nowhere.md", "docs/cluster.md#nowhere"]


def test_missing_file_is_found() -> None:
    text = "`shared/nowhere.py` `nowhere.py` `shared/clock.py` `clock.py` `docs/nowhere/` `/openapi.json` `a/b`"
    assert list(missing_files(ROOT / "README.md", text)) == ["shared/nowhere.py", "nowhere.py", "docs/nowhere/"]
