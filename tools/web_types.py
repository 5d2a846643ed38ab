"""The checks of the web client that need Node: the types of its scripts, and whether openapi.d.ts is up to date.

`python -m tools.web_types` writes web/openapi.d.ts from the services' descriptions; `--check` writes nothing and checks
all scripts. Node's packages are installed into the folder `.web`, each in the one version that is named here.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WEB = ROOT / "web"
TOOLS = ROOT / ".web"
TYPES = WEB / "openapi.d.ts"
COMPILER = {"typescript": "5.9.3", "openapi-typescript": "7.13.0"}
INSTALL_SECONDS = 900
RUN_SECONDS = 900


class ToolsUnavailable(Exception):
    """Node or its packages cannot be used on this machine."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, check everything")
    check = parser.parse_args().check
    try:
        install()
    except ToolsUnavailable as reason:
        print(f"skipped: {reason}")
        return int(bool(os.environ.get("CI")))
    types = interface_types()
    if not check:
        TYPES.write_text(types, encoding="utf-8")
        return 0
    stale = TYPES.read_text(encoding="utf-8") != types
    if stale:
        print(f"{TYPES.relative_to(ROOT)} is stale: run `make openapi`.")
    return int(stale) | scripts()


def install() -> None:
    """Put the pinned packages into TOOLS, unless they are there. Raises ToolsUnavailable."""
    npm = shutil.which("npm")
    if npm is None:
        raise ToolsUnavailable("npm (Node) is not installed")
    wanted = sorted(f"{name}@{version}" for name, version in packages().items())
    done = TOOLS / "installed"
    if done.exists() and done.read_text() == "\n".join(wanted):
        return
    TOOLS.mkdir(exist_ok=True)
    (TOOLS / "package.json").write_text('{"private": true}\n')
    command = [
        npm,
        "install",
        "--prefix",
        str(TOOLS),
        "--no-save",
        "--no-package-lock",
        "--no-audit",
        "--no-fund",
        *wanted,
    ]
    try:
        subprocess.run(command, cwd=TOOLS, check=True, capture_output=True, text=True, timeout=INSTALL_SECONDS)  # noqa: S603  fixed words and pinned names
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as problem:
        raise ToolsUnavailable(f"Node's packages could not be installed: {str(problem)[:200]}") from problem
    done.write_text("\n".join(wanted))


def packages() -> dict[str, str]:
    """The installed packages: the compiler, and the vendored packages for their types."""
    vendored = json.loads((WEB / "vendor" / "versions.json").read_text(encoding="utf-8"))
    return COMPILER | {row["package"]: row["version"] for row in vendored.values()}


def interface_types() -> str:
    """The types of every object that the gateway describes."""
    whole = json.loads((ROOT / "gateway" / "docs" / "openapi.json").read_text(encoding="utf-8"))
    objects = {**whole, "paths": {}, "components": {"schemas": whole["components"]["schemas"]}}
    description = TOOLS / "openapi.json"
    description.write_text(json.dumps(objects))
    done = run("openapi-typescript/bin/cli.js", str(description))
    if done.returncode:
        raise RuntimeError(done.stderr)
    return done.stdout


def scripts() -> int:
    """Check every script of the client. Returns the compiler's exit code."""
    done = run("typescript/bin/tsc", "--project", str(WEB / "jsconfig.json"))
    print(done.stdout, end="")
    return done.returncode


def run(script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    node = shutil.which("node") or "node"
    command = [node, str(TOOLS / "node_modules" / script), *arguments]
    return subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True, timeout=RUN_SECONDS)  # noqa: S603  pinned scripts


if __name__ == "__main__":
    sys.exit(main())
