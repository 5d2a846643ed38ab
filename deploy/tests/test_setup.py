"""Setting up tells in one sentence what stands in the way, and never takes a half-made .venv for a whole one."""

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TOOLS = ["awk", "cat", "cmp", "cp", "dirname", "mkdir", "rm", "sh", "touch"]

# Pretends to be a Python: asked for its version, for 3.11 or newer, for its venv module, or to make a venv.
PYTHON = """#!/bin/sh
case "$*" in
*"%d.%d"*) echo {version} ;;
*version_info*) exit {too_old} ;;
*ensurepip*) exit {without_venv} ;;
"-m venv .venv") mkdir -p .venv/bin && cp "$0" .venv/bin/python ;;
*"pip install"*) {install} ;;
esac
"""


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A checkout on a machine that has the usual commands and, for now, no Python."""
    (tmp_path / "deploy").mkdir()
    shutil.copy(ROOT / "deploy/setup.sh", tmp_path / "deploy")
    (tmp_path / "requirements.lock").write_text("anything==1\n")
    (tmp_path / "bin").mkdir()
    for tool in TOOLS:
        (tmp_path / "bin" / tool).symlink_to(shutil.which(tool) or pytest.fail(f"{tool} is not on this machine"))
    return tmp_path


def give_python(
    clone: Path, name: str = "python3", version: str = "3.12", too_old: int = 0, without_venv: int = 0,
    install: str = "echo . >> installs",
) -> None:  # fmt: skip
    python = clone / "bin" / name
    python.write_text(PYTHON.format(version=version, too_old=too_old, without_venv=without_venv, install=install))
    python.chmod(0o755)


def set_up(clone: Path) -> subprocess.CompletedProcess[str]:
    command = [str(clone / "bin/sh"), "deploy/setup.sh"]
    path = {"PATH": str(clone / "bin")}
    return subprocess.run(command, cwd=clone, env=path, capture_output=True, text=True, check=False, timeout=30)


def refusal(clone: Path) -> str:
    done = set_up(clone)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert not (clone / ".venv/made-from.lock").exists()
    return done.stderr


def installs(clone: Path) -> int:
    return (clone / "installs").read_text().count(".")


def test_it_says_what_it_does_and_does_it_once(clone: Path) -> None:
    give_python(clone)
    first, second = set_up(clone), set_up(clone)
    assert first.returncode == second.returncode == 0
    assert first.stdout == "Setting up Python packages in .venv (once, about a minute) ...\n"
    assert second.stdout + first.stderr + second.stderr == ""
    assert installs(clone) == 1


def test_nothing_is_installed_that_the_lock_does_not_name(clone: Path) -> None:
    """An old pip takes `name[extra]` for something that is not locked, and with its newest version refuses them all."""
    give_python(clone, install='echo " $* " > asked')
    assert set_up(clone).returncode == 0
    asked = (clone / "asked").read_text()
    assert " --no-deps " in asked and " --require-hashes " in asked and " requirements.lock " in asked


def test_another_lock_means_another_venv(clone: Path) -> None:
    give_python(clone)
    set_up(clone)
    (clone / ".venv/left-over").touch()
    (clone / "requirements.lock").write_text("anything==2\n")
    assert set_up(clone).returncode == 0
    assert installs(clone) == 2
    assert not (clone / ".venv/left-over").exists()


def test_without_python_it_asks_for_one(clone: Path) -> None:
    assert "Python 3.11 or newer is needed and none was found" in refusal(clone)


def test_an_old_python_is_named_with_the_remedy(clone: Path) -> None:
    give_python(clone, version="3.9", too_old=1)
    assert "Python 3.9 is too old" in refusal(clone)


def test_a_newer_python_beside_the_old_one_is_found(clone: Path) -> None:
    give_python(clone, version="3.9", too_old=1)
    give_python(clone, name="python3.13")
    assert set_up(clone).returncode == 0


def test_a_python_without_venv_is_named_with_the_remedy(clone: Path) -> None:
    give_python(clone, version="3.12", without_venv=1)
    assert "apt install python3.12-venv" in refusal(clone)


@pytest.mark.parametrize(
    ("pip_says", "told"),
    [
        ("NewConnectionError: Failed to establish a new connection", "check the network connection"),
        ("Temporary failure in name resolution", "check the network connection"),
        ("THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE", "differs from the one"),
        ("OSError: [Errno 28] No space left on device", "disk is full"),
        ("something nobody has seen before", "see why in .venv/setup.log"),
    ],
)
def test_a_failed_install_is_explained(clone: Path, pip_says: str, told: str) -> None:
    give_python(clone, install=f'echo "{pip_says}" >&2; exit 1')
    assert told in refusal(clone)
    assert pip_says in (clone / ".venv/setup.log").read_text()


def test_a_set_up_that_was_cut_off_is_started_afresh(clone: Path) -> None:
    give_python(clone, install="kill -9 $PPID")
    assert set_up(clone).returncode != 0
    assert (clone / ".venv/bin/python").exists()
    give_python(clone)
    assert set_up(clone).returncode == 0
    assert installs(clone) == 1


def test_a_folder_that_cannot_be_written_is_named(clone: Path) -> None:
    give_python(clone)
    (clone / "bin/mkdir").unlink()
    (clone / "bin/mkdir").write_text("#!/bin/sh\nexit 1\n")
    (clone / "bin/mkdir").chmod(0o755)
    assert f"Cannot write in {clone}" in refusal(clone)


def test_make_alone_lists_every_verb() -> None:
    verbs = {line.split(":")[0] for line in (ROOT / "Makefile").read_text().splitlines() if ": ## " in line}
    listed = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert verbs >= {"run", "demo", "test", "check", "lock", "clean"}
    assert all(f"  make {verb} " in listed for verb in verbs)
