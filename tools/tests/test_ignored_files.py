"""Files that .gitignore lists, such as generated secrets, are not in the repository."""

import subprocess
from pathlib import Path

import pytest

from shared.testing.waiting import WAIT_SECONDS

ROOT = Path(__file__).parents[2]


def test_no_ignored_file_is_tracked() -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("this is no clone of the repository")
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--ignored", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=True, timeout=WAIT_SECONDS,
    )  # fmt: skip
    assert listed.stdout == ""
