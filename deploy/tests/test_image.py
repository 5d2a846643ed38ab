"""The image of one program: its labels, and the bill of its materials."""

import json
import re
import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from deploy import image
from deploy.cluster import PROGRAMS, ROOT
from shared.testing.waiting import WAIT_SECONDS


@pytest.mark.parametrize("name", PROGRAMS)
def test_bill_of_materials_lists_every_package_of_the_lock_file(name: str) -> None:
    folder = ROOT if name == "gateway" else ROOT / "services"
    lock = (folder / name / "requirements.lock").read_text()
    document = image.bill_of_materials(name, "1.2")
    assert (document["bomFormat"], document["specVersion"]) == ("CycloneDX", "1.6")
    components = document["components"]
    assert isinstance(components, list)
    packages = {f"{each['name']}=={each['version']}" for each in components}
    assert packages == set(re.findall(r"^[a-z0-9._-]+==[^ ;\\]+", lock, re.MULTILINE))
    assert sum(len(each["properties"]) for each in components) == lock.count("--hash=sha256:")


def test_labels_are_the_same_for_the_same_commit(monkeypatch: pytest.MonkeyPatch) -> None:
    labels = image.labels("posts")
    assert labels == image.labels("posts")
    assert labels["org.opencontainers.image.title"] == "shutter-posts"
    assert re.fullmatch("[0-9a-f]{40}", labels["org.opencontainers.image.revision"])
    assert datetime.fromisoformat(labels["org.opencontainers.image.created"]).tzinfo is not None
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "0")
    assert image.labels("posts")["org.opencontainers.image.created"] == "1970-01-01T00:00:00Z"


@pytest.mark.parametrize("arguments", [[], ["nothing"], ["posts", "dm"]])
def test_unknown_program_is_refused(arguments: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "deploy.image", *arguments],
        cwd=ROOT, capture_output=True, text=True, timeout=WAIT_SECONDS, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr == "SERVICE must be one of auth, social, posts, dm, notifications, gateway.\n"


@pytest.fixture
def references() -> Iterator[tuple[str, str]]:
    """Two images of one program, removed afterwards."""
    both = "shutter-social:test-image", "shutter-social:test-image-again"
    yield both
    subprocess.run(["docker", "image", "rm", *both], check=False, capture_output=True, timeout=WAIT_SECONDS)


def inspected(reference: str) -> dict[str, Any]:
    done = subprocess.run(
        ["docker", "image", "inspect", reference], check=True, capture_output=True, timeout=WAIT_SECONDS
    )
    document: dict[str, Any] = json.loads(done.stdout)[0]
    return document


@pytest.mark.containers
def test_same_code_makes_the_same_labels_and_layers(references: tuple[str, str], tmp_path: Path) -> None:
    """From files with other times and modes, as another checkout has them, and with every command executed again."""
    first, again = references
    image.build("social", first)
    for name in ("shared", "services/social"):
        shutil.copytree(ROOT / name, tmp_path / name, copy_function=shutil.copyfile)
    for path in tmp_path.rglob("*"):
        path.chmod(path.stat().st_mode | 0o020)
    shutil.copy(ROOT / ".dockerignore", tmp_path)
    # Not with --no-cache: with it, a build beside another one can end the engine of Docker 20.10 with a panic.
    dockerfile = (ROOT / "Dockerfile").read_text()
    (tmp_path / "Dockerfile").write_text(dockerfile.replace("find /made", f"true {secrets.token_hex(4)} && find /made"))
    image.build("social", again, tmp_path)
    assert inspected(first)["RootFS"] == inspected(again)["RootFS"]
    assert image.labels("social").items() <= inspected(again)["Config"]["Labels"].items()
