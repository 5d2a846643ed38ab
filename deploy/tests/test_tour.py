"""The tour of the README is executed as written."""

import os
import re
import subprocess

import pytest

from deploy.tests.standalone_process import REPOSITORY
from shared.testing.waiting import WAIT_SECONDS

README = REPOSITORY / "README.md"
STATIONS = {
    "sign up": "/auth/signup",
    "log in": "/auth/login",
    "upload a photo": "/media",
    "publish it": "/posts",
    "follow": "/follow",
    "open a room": "/rooms",
    "send a message": "/messages",
    "withdraw": "/users/me/deletion",
}
SIGHTS = [
    '"following":true',
    '"liked":true',
    "There are no mistakes.",
    "Only happy accidents.",
    "With a happy little cloud of steam.",
    "the post now answers 404",
    '"deleted":true',
]
"""Output of the tour."""


def blocks(markdown: str) -> list[str]:
    """The fenced sh blocks below the heading `Tour`."""
    section = re.search(r"^## Tour\b.*?$(.*?)(?=^## |\Z)", markdown, re.DOTALL | re.MULTILINE)
    if section is None:
        pytest.fail("the README has no heading `## Tour`")
    found: list[str] = re.findall(r"^```sh\n(.*?)^```$", section[1], re.DOTALL | re.MULTILINE)
    return found


@pytest.fixture(scope="module")
def tour() -> str:
    return "\n".join(blocks(README.read_text()))


@pytest.fixture(scope="module")
def walked(tour: str, base_url: str, tmp_path_factory: pytest.TempPathFactory) -> subprocess.CompletedProcess[str]:
    """The whole tour, once, in an empty folder."""
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", tour],
        cwd=tmp_path_factory.mktemp("tour"), env=os.environ | {"BASE": base_url}, stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=WAIT_SECONDS, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("station", STATIONS)
def test_tour_covers_every_feature(tour: str, station: str) -> None:
    assert STATIONS[station] in tour


def test_tour_needs_only_common_tools(tour: str) -> None:
    assert re.findall(r"\b(jq|http|httpie|wget|yq)\s", tour) == []


def test_tour_runs_as_written(walked: subprocess.CompletedProcess[str]) -> None:
    assert walked.returncode == 0, f"{walked.stdout}\n{walked.stderr}"
    assert '"request_id"' not in walked.stdout, "nothing on the way is refused"


@pytest.mark.parametrize("sight", SIGHTS)
def test_tour_prints_the_promised_output(walked: subprocess.CompletedProcess[str], sight: str) -> None:
    assert sight in walked.stdout.replace('": ', '":'), walked.stdout


def test_tour_can_be_run_twice(tour: str) -> None:
    """A nickname stays taken after the withdrawal, so the tour must choose a new one each time."""
    assert re.search(r"RANDOM|date \+|uuid|\$\$|secrets|mktemp", tour)
