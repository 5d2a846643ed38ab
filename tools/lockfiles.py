"""Writes the lock files (pinned, hashed requirement files) and checks that they agree with the pyproject.toml files.

`python -m tools.lockfiles` writes them with uv; `--check` compares without the network.

- requirements.lock: what `make run` installs, the union of what all members need.
- requirements-dev.lock: the same and the test tools, for every other command.
- deploy/installer.lock: uv alone, which installs the two above.
- services/*/requirements.lock, gateway/requirements.lock: what one image installs.
- bench/requirements.lock: what `make bench` installs in addition.

All of them hold the versions of requirements-dev.lock, so that each image installs what was tested together.
"""

import re
import subprocess
import sys
import tomllib
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from shared.service_list import NAMES

ROOT = Path(__file__).resolve().parent.parent
MEMBERS = {
    "shutter-shared": "shared",
    **{f"shutter-{name}": f"services/{name}" for name in NAMES},
    "shutter-gateway": "gateway",
    "shutter-deploy": "deploy",
    "shutter-bench": "bench",
}
RUN = "requirements.lock"
DEVELOPMENT = "requirements-dev.lock"
INSTALLER = "deploy/installer.lock"
BENCH = "bench/requirements.lock"  # only what `make bench` needs beyond requirements-dev.lock
IMAGES = [folder for folder in MEMBERS.values() if folder not in ("shared", "deploy", "bench")]
OLDEST_PYTHON = "3.11"
PIN = re.compile(r"^([a-z0-9][a-z0-9.-]*)==([^\s;]+)", re.MULTILINE)

Pins = Mapping[str, Collection[str]]


def write_all(options: list[str]) -> None:
    compile_lock(DEVELOPMENT, [*options, "--group", "pyproject.toml:dev", "deploy/pyproject.toml"])
    constraint = ["--constraint", DEVELOPMENT]
    compile_lock(RUN, [*constraint, "deploy/pyproject.toml"])
    for folder in IMAGES:
        compile_lock(f"{folder}/requirements.lock", [*constraint, f"{folder}/pyproject.toml"])
    compile_lock(INSTALLER, [*constraint, "--group", "pyproject.toml:installer"])
    compile_lock(BENCH, [*constraint, "bench/pyproject.toml"])


def compile_lock(output: str, sources: list[str]) -> None:
    """One lock file for every supported Python and system, without our own packages."""
    command = [sys.executable, "-m", "uv", "pip", "compile", "--quiet", "--universal", "--generate-hashes"]
    command += ["--python-version", OLDEST_PYTHON, "--no-emit-index-url", "--no-header"]
    command += [part for name in MEMBERS for part in ("--no-emit-package", name)]
    subprocess.run([*command, "--output-file", output, *sources], cwd=ROOT, check=True)  # noqa: S603  fixed arguments
    print(f"Wrote {output}")


def disagreements(root: Path) -> Iterator[str]:
    everything = pins(root / DEVELOPMENT)
    yield from missing(DEVELOPMENT, everything, group(root, "dev"))
    yield from missing(BENCH, pins(root / BENCH), declared(root, "bench"))
    yield from disagreements_of(root, INSTALLER, group(root, "installer"))
    yield from disagreements_of(root, RUN, declared(root, "deploy"))
    for folder in IMAGES:
        yield from disagreements_of(root, f"{folder}/requirements.lock", declared(root, folder))


def disagreements_of(root: Path, lock: str, wanted: Iterator[Requirement]) -> Iterator[str]:
    own, everything = pins(root / lock), pins(root / DEVELOPMENT)
    yield from missing(lock, own, wanted)
    for package, versions in own.items():
        if not set(versions) <= set(everything.get(package, ())):
            yield f"{lock}: {package} is not the version of {DEVELOPMENT}"


def missing(lock: str, pinned: Pins, wanted: Iterator[Requirement]) -> Iterator[str]:
    for requirement in wanted:
        versions = pinned.get(canonicalize_name(requirement.name), ())
        if not any(requirement.specifier.contains(version, prereleases=True) for version in versions):
            yield f"{lock}: {requirement} is declared but not locked"


def declared(root: Path, folder: str, extras: Collection[str] = ()) -> Iterator[Requirement]:
    """The requirements of a member and of the members that it uses."""
    project = read(root / folder / "pyproject.toml")["project"]
    lines = list(project["dependencies"])
    for extra in extras:
        lines += project["optional-dependencies"][extra]
    for requirement in map(Requirement, lines):
        if requirement.name in MEMBERS:
            yield from declared(root, MEMBERS[requirement.name], requirement.extras)
        else:
            yield requirement


def group(root: Path, name: str) -> Iterator[Requirement]:
    """The requirements of one dependency group of the root pyproject.toml."""
    for line in read(root / "pyproject.toml")["dependency-groups"][name]:
        if isinstance(line, str):
            yield Requirement(line)
        else:
            yield from group(root, line["include-group"])


def pins(lock: Path) -> Pins:
    found = defaultdict(set)
    for name, version in PIN.findall(lock.read_text() if lock.exists() else ""):
        found[name].add(version)
    return found


def read(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.read_text())


def main(arguments: list[str]) -> int:
    if arguments != ["--check"]:
        write_all(arguments)
        return 0
    found = sorted(set(disagreements(ROOT)))
    print("\n".join(found), end="\n" if found else "")
    if found:
        print("Run `make lock` and commit what it writes.")
    return len(found) > 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
