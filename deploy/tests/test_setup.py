"""deploy/setup.sh explains each failure in one sentence, and never takes an incomplete .venv for a complete one."""

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TOOLS = ["awk", "cat", "cmp", "cp", "date", "dirname", "mkdir", "rm", "sh", "sleep", "touch"]

# Stands in for Python: it is asked for its version, for 3.11 or newer, for its venv module, to create an environment,
# and to install uv by pip, the packages by uv, or the packages by pip.
PYTHON = """#!/bin/sh
case "$*" in
*"%d.%d"*) echo {version} ;;
*version_info*) exit {too_old} ;;
*ensurepip*) exit {without_venv} ;;
"-m venv .venv") mkdir -p .venv/bin && cp "$0" .venv/bin/python ;;
*"uv pip install"*) echo "uv $*" >> calls; {uv} ;;
*"pip install"*installer.lock*) echo "installer $*" >> calls; {installer} ;;
*"pip install"*) echo "pip $*" >> calls; {pip} ;;
esac
"""


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A checkout on a machine with the usual commands and without Python."""
    (tmp_path / "deploy").mkdir()
    shutil.copy(ROOT / "deploy/setup.sh", tmp_path / "deploy")
    (tmp_path / "requirements.lock").write_text("anything==1\n")
    (tmp_path / "requirements-dev.lock").write_text("anything==1\ntest-tool==1\n")
    (tmp_path / "bin").mkdir()
    for tool in TOOLS:
        (tmp_path / "bin" / tool).symlink_to(shutil.which(tool) or pytest.fail(f"{tool} is not on this machine"))
    return tmp_path


def give_python(
    clone: Path, name: str = "python3", *, version: str = "3.12", too_old: int = 0, without_venv: int = 0,
    installer: str = ":", uv: str = ":", pip: str = ":",
) -> None:  # fmt: skip
    words = {"version": version, "too_old": too_old, "without_venv": without_venv}
    python = clone / "bin" / name
    python.write_text(PYTHON.format(**words, installer=installer, uv=uv, pip=pip))
    python.chmod(0o755)


def set_up(clone: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [str(clone / "bin/sh"), "deploy/setup.sh", *arguments]
    path = {"PATH": str(clone / "bin")}
    # To files and not to pipes: a pipe stays open until the last child of a killed script has ended.
    with (clone / "out").open("w+") as out, (clone / "err").open("w+") as err:
        done = subprocess.run(command, cwd=clone, env=path, stdout=out, stderr=err, check=False)
    return subprocess.CompletedProcess(
        command, done.returncode, (clone / "out").read_text(), (clone / "err").read_text()
    )


def refusal(clone: Path) -> str:
    done = set_up(clone)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert not (clone / ".venv/made-from.lock").exists()
    return done.stderr


def calls(clone: Path) -> list[str]:
    """The installers called, in order: "installer" (pip installs uv), "uv" or "pip" (the packages)."""
    if not (clone / "calls").exists():
        return []
    return [line.split()[0] for line in (clone / "calls").read_text().splitlines()]


def test_install_runs_once_and_prints_the_number_of_packages(clone: Path) -> None:
    give_python(clone)
    first, second = set_up(clone), set_up(clone)
    assert first.returncode == second.returncode == 0
    assert first.stdout.startswith("Setting up .venv, once (1 Python packages) ...")
    assert first.stdout.endswith(" done.\n")
    assert second.stdout + first.stderr + second.stderr == ""
    assert calls(clone) == ["installer", "uv"]


def test_elapsed_time_is_printed_during_the_install(clone: Path) -> None:
    give_python(clone, uv="while [ ! -e shown ]; do sleep 0.1; done")
    path = {"PATH": str(clone / "bin")}
    command = [str(clone / "bin/sh"), "deploy/setup.sh"]
    with subprocess.Popen(command, cwd=clone, env=path, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        printed = ""
        while " s ..." not in printed:
            printed += process.stdout.read(1)
        (clone / "shown").touch()
        assert process.stdout.read().endswith(" done.\n")
    assert process.returncode == 0


def test_only_locked_packages_are_installed(clone: Path) -> None:
    """Old versions of pip treat `name[extra]` as not locked, and the newest one refuses it."""
    give_python(clone, uv="exit 1")
    assert set_up(clone).returncode == 0
    called = (clone / "calls").read_text().splitlines()
    assert len(called) == 3
    assert all(" --no-deps " in call and " --require-hashes " in call for call in called)
    assert all(call.endswith(" requirements.lock") for call in called[1:])


def test_test_tools_are_added_to_the_runtime_packages(clone: Path) -> None:
    give_python(clone)
    assert set_up(clone).returncode == 0
    (clone / ".venv/kept").touch()
    added = set_up(clone, "dev")
    assert added.returncode == 0
    assert added.stdout.startswith("Adding the test tools to .venv, once (2 Python packages) ...")
    assert (clone / ".venv/kept").exists()
    assert (clone / "calls").read_text().splitlines()[-1].endswith(" requirements-dev.lock")
    assert set_up(clone).stdout + set_up(clone, "dev").stdout == "", "an environment with test tools serves both"


def test_pip_is_used_without_uv(clone: Path) -> None:
    give_python(clone, installer='echo "No matching distribution found for uv" >&2; exit 1')
    assert set_up(clone).returncode == 0
    assert calls(clone) == ["installer", "pip"]


def test_pip_is_used_when_uv_fails(clone: Path) -> None:
    """uv does not read pip's configuration, which may name an index or a proxy."""
    give_python(clone, uv='echo "failed to fetch" >&2; exit 2')
    assert set_up(clone).returncode == 0
    assert calls(clone) == ["installer", "uv", "pip"]


def test_installer_is_not_retried_without_a_network(clone: Path) -> None:
    give_python(clone, installer='echo "NewConnectionError: no route" >&2; exit 1')
    assert "check the network connection" in refusal(clone)
    assert calls(clone) == ["installer"]


def test_changed_lock_recreates_the_venv(clone: Path) -> None:
    give_python(clone)
    set_up(clone)
    (clone / ".venv/left-over").touch()
    (clone / "requirements.lock").write_text("anything==2\n")
    assert set_up(clone).returncode == 0
    assert calls(clone) == ["installer", "uv"] * 2
    assert not (clone / ".venv/left-over").exists()


def test_missing_python_is_reported(clone: Path) -> None:
    assert "Python 3.11 or newer is needed and none was found" in refusal(clone)


def test_old_python_is_reported_with_a_remedy(clone: Path) -> None:
    give_python(clone, version="3.9", too_old=1)
    assert "Python 3.9 is too old" in refusal(clone)


def test_newer_python_next_to_an_old_one_is_used(clone: Path) -> None:
    give_python(clone, version="3.9", too_old=1)
    give_python(clone, name="python3.13")
    assert set_up(clone).returncode == 0


def test_python_without_venv_is_reported_with_a_remedy(clone: Path) -> None:
    give_python(clone, version="3.12", without_venv=1)
    assert "apt install python3.12-venv" in refusal(clone)


@pytest.mark.parametrize(
    ("pip_says", "told"),
    [
        ("NewConnectionError: Failed to establish a new connection", "check the network connection"),
        ("Temporary failure in name resolution", "check the network connection"),
        ("THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE", "differs from the one"),
        ("OSError: [Errno 28] No space left on device", "disk is full"),
        ("an unknown reason", "read the reason in .venv/setup.log"),
    ],
)
def test_failed_install_is_explained(clone: Path, pip_says: str, told: str) -> None:
    give_python(clone, uv="exit 1", pip=f'echo "{pip_says}" >&2; exit 1')
    assert told in refusal(clone)
    assert pip_says in (clone / ".venv/setup.log").read_text()


def test_interrupted_install_is_started_again(clone: Path) -> None:
    give_python(clone, uv="kill -9 $PPID")
    assert set_up(clone).returncode != 0
    assert (clone / ".venv/bin/python").exists()
    give_python(clone)
    assert set_up(clone).returncode == 0
    assert calls(clone) == ["installer", "uv"] * 2


def test_read_only_folder_is_reported(clone: Path) -> None:
    give_python(clone)
    (clone / "bin/mkdir").unlink()
    (clone / "bin/mkdir").write_text("#!/bin/sh\nexit 1\n")
    (clone / "bin/mkdir").chmod(0o755)
    assert f"Cannot write in {clone}" in refusal(clone)


def test_make_without_arguments_lists_all_commands() -> None:
    verbs = {line.split(":")[0] for line in (ROOT / "Makefile").read_text().splitlines() if ": ## " in line}
    listed = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert verbs >= {"run", "demo", "test", "check", "lock", "clean"}
    assert all(f"  make {verb} " in listed for verb in verbs)
