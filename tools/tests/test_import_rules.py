"""Each import rule can fail: it is broken once in a copy of the code, and must be reported."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ["bench", "chaos", "demo", "deploy", "gateway", "services", "shared", "tools"]
LINT = "from importlinter.cli import lint_imports_command as lint; lint(['--no-logo', '--no-cache'])"

# What is planted where, and who is then report to import whom.
FORBIDDEN = {
    "shared imports a service": ("shared/ids.py", "import services.auth.models", "shared", "services"),
    "shared imports the gateway": ("shared/ids.py", "import gateway.app", "shared", "gateway"),
    "the gateway imports a service": ("gateway/app.py", "import services.dm.models", "gateway", "services"),
    "a service imports the gateway": ("services/dm/app.py", "import gateway.app", "services", "gateway"),
    "a service imports deploy": ("services/dm/app.py", "import deploy.cluster", "services", "deploy"),
    "a service imports another": (
        "services/dm/app.py",
        "import services.posts.app",
        "services.dm",
        "services.posts",
    ),
    "queries import actions": (
        "services/dm/queries.py",
        "import services.dm.actions",
        "queries",
        "services.dm.actions",
    ),
    "models import queries": (
        "services/dm/models.py",
        "import services.dm.queries",
        "models",
        "services.dm.queries",
    ),
    "api imports subscriptions": (
        "services/dm/api.py",
        "import services.dm.subscriptions",
        "api",
        "services.dm.sub",
    ),
    "actions know the web": ("services/dm/actions.py", "import fastapi", "services.dm.actions", "fastapi"),
    "queries ask over HTTP": ("services/posts/queries.py", "import httpx", "services.posts.queries", "httpx"),
    "models know the broker": (
        "services/auth/models.py",
        "import aio_pika",
        "services.auth.models",
        "aio_pika",
    ),
    "models reach the web through shared": (
        "shared/database/engine.py",
        "import starlette",
        "services.dm.models",
        "starlette",
    ),
    "neighbours are asked by actions": (
        "services/dm/clients.py",
        "import services.dm.actions",
        "clients",
        "services",
    ),
    "shared imports FastAPI outside web": ("shared/ids.py", "import fastapi", "shared", "fastapi"),
    "shared imports Starlette outside web": ("shared/compression.py", "import starlette.types", "shared", "starlette"),
    "shared imports uvicorn outside server": ("shared/web/health.py", "import uvicorn", "shared", "uvicorn"),
    "an exchange imports the pipeline": (
        "gateway/exchange.py",
        "import gateway.pipeline",
        "gateway.exchange",
        "gateway.pipeline",
    ),
    "the gateway imports FastAPI": ("gateway/app.py", "import fastapi", "gateway", "fastapi"),
    "the gateway imports shared.web": ("gateway/app.py", "import shared.web.health", "gateway", "shared.web"),
    "database imports web": ("shared/database/engine.py", "import shared.web.health", "shared.database", "shared.web"),
    "security imports database": (
        "shared/security/verifier.py",
        "import shared.database.engine",
        "shared.security",
        "shared.database",
    ),
    "the gateway has a database": ("gateway/app.py", "import sqlalchemy", "gateway", "sqlalchemy"),
}


Change = Callable[[Path, str], None]


@pytest.fixture(scope="module")
def code(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the code, once for all violations: `change` restores it."""
    copy = tmp_path_factory.mktemp("code")
    for package in PACKAGES:
        shutil.copytree(ROOT / package, copy / package, ignore=everything_but_python)
    shutil.copy(ROOT / ".importlinter", copy)
    return copy


@pytest.fixture
def change(code: Path) -> Iterator[Change]:
    """Appends a line to a file of the copy, which may be a new one."""
    former: dict[Path, bytes | None] = {}

    def append(path: Path, line: str) -> None:
        former[path] = path.read_bytes() if path.exists() else None
        with path.open("a") as file:
            file.write(f"\n{line}\n")

    yield append
    for path, content in former.items():
        if content is None:
            path.unlink()
        else:
            path.write_bytes(content)


def everything_but_python(folder: str, names: list[str]) -> list[str]:
    return [name for name in names if not (name.endswith(".py") or (Path(folder) / name).is_dir())]


def lint(root: Path) -> tuple[int, str]:
    wide = {**os.environ, "COLUMNS": "300"}
    done = subprocess.run([sys.executable, "-c", LINT], cwd=root, env=wide, capture_output=True, text=True, check=False)
    return done.returncode, " ".join(done.stdout.split())


def test_code_follows_the_import_rules(code: Path) -> None:
    status, report = lint(code)
    assert status == 0, report


@pytest.mark.parametrize("module", ["services.auth.stray", "shared.stray"])
def test_unlisted_module_is_found(code: Path, change: Change, module: str) -> None:
    change(code / f"{module.replace('.', '/')}.py", "x = 1")
    status, report = lint(code)
    assert status == 1
    assert f"not listed as layers: - {module}" in report


def test_import_cycle_is_found(code: Path, change: Change) -> None:
    change(code / "shared/clock.py", "import shared.ids")
    status, report = lint(code)
    assert status == 1
    assert "No cycles are allowed in shared" in report


@pytest.mark.parametrize(("path", "line", "who", "whom"), FORBIDDEN.values(), ids=FORBIDDEN.keys())
def test_import_rule_violation_is_found(code: Path, change: Change, path: str, line: str, who: str, whom: str) -> None:
    change(file_of(code / path), line)
    status, report = lint(code)
    assert status == 1
    assert f"{who} is not allowed to import {whom}" in report


def file_of(module: Path) -> Path:
    """The file of the module, or the first one of its package."""
    return module if module.exists() else min(module.with_suffix("").glob("*.py"))
