"""Pins what each member declares in requirements.lock files, and tells whether they still agree.

`python -m deploy.locks` writes them with uv; `--check` compares without the network. Every member's lock
takes its versions from the root lock, so that what was tested together is what each image installs.
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

ROOT = Path(__file__).resolve().parent.parent
OURS = {
    "shutter-shared": "shared",
    "shutter-auth": "services/auth",
    "shutter-social": "services/social",
    "shutter-posts": "services/posts",
    "shutter-dm": "services/dm",
    "shutter-gateway": "gateway",
    "shutter-deploy": "deploy",
    "shutter-bench": "bench",
}
BENCH = "bench/requirements.lock"
"""Only what `make bench` needs beyond the root lock: nobody else installs it."""
WITH_IMAGE = [folder for folder in OURS.values() if folder not in ("shared", "deploy", "bench")]
OLDEST_PYTHON = "3.11"
PIN = re.compile(r"^([a-z0-9][a-z0-9.-]*)==([^\s;]+)", re.MULTILINE)

Pins = Mapping[str, Collection[str]]


def write_all(options: list[str]) -> None:
    compile_lock("requirements.lock", [*options, "--group", "pyproject.toml:dev", "deploy/pyproject.toml"])
    for folder in WITH_IMAGE:
        constraint = ["--constraint", "requirements.lock"]
        compile_lock(f"{folder}/requirements.lock", [*constraint, f"{folder}/pyproject.toml"])
    compile_lock(BENCH, ["--constraint", "requirements.lock", "bench/pyproject.toml"])


def compile_lock(output: str, sources: list[str]) -> None:
    """One lock for every supported Python and system; the members themselves are not packages to install."""
    command = [sys.executable, "-m", "uv", "pip", "compile", "--quiet", "--universal", "--generate-hashes"]
    command += ["--python-version", OLDEST_PYTHON, "--no-emit-index-url", "--no-header"]
    command += [part for name in OURS for part in ("--no-emit-package", name)]
    subprocess.run([*command, "--output-file", output, *sources], cwd=ROOT, check=True)  # noqa: S603  our own words
    print(f"Wrote {output}")


def disagreements(root: Path) -> Iterator[str]:
    everything = pins(root / "requirements.lock")
    yield from missing("requirements.lock", everything, declared(root, "deploy"))
    yield from missing("requirements.lock", everything, test_tools(root))
    for folder in WITH_IMAGE:
        name = f"{folder}/requirements.lock"
        own = pins(root / name)
        yield from missing(name, own, declared(root, folder))
        for package, versions in own.items():
            if not set(versions) <= set(everything.get(package, ())):
                yield f"{name}: {package} is not the version of requirements.lock"
    yield from missing(BENCH, pins(root / BENCH), declared(root, "bench"))


def missing(lock: str, pinned: Pins, wanted: Iterator[Requirement]) -> Iterator[str]:
    for requirement in wanted:
        versions = pinned.get(canonicalize_name(requirement.name), ())
        if not any(requirement.specifier.contains(version, prereleases=True) for version in versions):
            yield f"{lock}: {requirement} is declared but not locked"


def declared(root: Path, folder: str, extras: Collection[str] = ()) -> Iterator[Requirement]:
    """What a member asks for, and what the members it uses ask for."""
    project = read(root / folder / "pyproject.toml")["project"]
    lines = list(project["dependencies"])
    for extra in extras:
        lines += project["optional-dependencies"][extra]
    for requirement in map(Requirement, lines):
        if requirement.name in OURS:
            yield from declared(root, OURS[requirement.name], requirement.extras)
        else:
            yield requirement


def test_tools(root: Path) -> Iterator[Requirement]:
    return map(Requirement, read(root / "pyproject.toml")["dependency-groups"]["dev"])


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
