"""Lock files agree with the pyproject.toml files and each other, and contain everything that a member imports."""

import shutil
from collections.abc import Iterator
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

import grimp
import pytest
from packaging.utils import canonicalize_name

from tools import lockfiles

PACKAGES = ["gateway", "services", "shared"]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of all pyproject.toml and lock files, to be changed."""
    for folder in [".", *lockfiles.MEMBERS.values()]:
        (tmp_path / folder).mkdir(parents=True, exist_ok=True)
        for name in ("pyproject.toml", "requirements.lock", "requirements-dev.lock", "installer.lock"):
            if (lockfiles.ROOT / folder / name).exists():
                shutil.copy(lockfiles.ROOT / folder / name, tmp_path / folder)
    return tmp_path


def replace(file: Path, before: str, after: str) -> None:
    text = file.read_text()
    assert before in text
    file.write_text(text.replace(before, after, 1))


def test_lock_files_are_consistent() -> None:
    assert list(lockfiles.disagreements(lockfiles.ROOT)) == []


def test_unlocked_package_is_found(project: Path) -> None:
    replace(project / "services/auth/pyproject.toml", '"argon2-cffi', '"brand-new>=1",\n    "argon2-cffi')
    assert set(lockfiles.disagreements(project)) == {
        f"{lockfiles.RUN}: brand-new>=1 is declared but not locked",
        "services/auth/requirements.lock: brand-new>=1 is declared but not locked",
    }


def test_dependencies_of_shared_are_locked_for_its_users(project: Path) -> None:
    replace(project / "shared/pyproject.toml", 'images = ["', 'images = ["brand-new>=1", "')
    found = {line.partition(":")[0] for line in lockfiles.disagreements(project)}
    assert found == {
        "requirements.lock",
        *(f"services/{who}/requirements.lock" for who in ("auth", "posts", "dm")),
    }


def test_bound_above_the_locked_version_is_found(project: Path) -> None:
    replace(project / "gateway/pyproject.toml", '"limits>=', '"limits>=9')
    assert any(line.startswith("gateway/requirements.lock: limits") for line in lockfiles.disagreements(project))


def test_unlocked_test_tool_is_found(project: Path) -> None:
    replace(project / "pyproject.toml", '"pytest>=', '"brand-new>=1",\n    "pytest>=')
    assert list(lockfiles.disagreements(project)) == [
        f"{lockfiles.DEVELOPMENT}: brand-new>=1 is declared but not locked"
    ]


def test_runtime_needs_no_test_tools() -> None:
    run, development = (
        lockfiles.pins(lockfiles.ROOT / lockfiles.RUN),
        lockfiles.pins(lockfiles.ROOT / lockfiles.DEVELOPMENT),
    )
    assert not {"pytest", "mypy", "schemathesis", "uv"} & run.keys()
    assert run.keys() < development.keys()


def test_different_uv_version_is_found(project: Path) -> None:
    replace(project / lockfiles.INSTALLER, "uv==", "uv==9.")
    assert f"{lockfiles.INSTALLER}: uv is not the version of {lockfiles.DEVELOPMENT}" in list(
        lockfiles.disagreements(project)
    )


def test_member_with_another_locked_version_is_found(project: Path) -> None:
    replace(project / "services/dm/requirements.lock", "pydantic==", "pydantic==9.")
    expected = "services/dm/requirements.lock: pydantic is not the version of requirements-dev.lock"
    assert expected in list(lockfiles.disagreements(project))


def test_benchmark_only_packages_are_in_their_own_lock_file(project: Path) -> None:
    replace(project / "bench/pyproject.toml", '"asyncmy', '"brand-new>=1",\n    "asyncmy')
    assert list(lockfiles.disagreements(project)) == [
        "bench/requirements.lock: brand-new>=1 is declared but not locked"
    ]


def test_missing_lock_file_is_found(project: Path) -> None:
    (project / "services/social/requirements.lock").unlink()
    assert any(line.startswith("services/social/requirements.lock") for line in lockfiles.disagreements(project))


@pytest.mark.parametrize("member", lockfiles.IMAGES)
def test_member_imports_only_locked_packages(member: str) -> None:
    """Its image contains nothing else; imports of shared modules count as well."""
    locked = lockfiles.pins(lockfiles.ROOT / member / "requirements.lock").keys()
    owners = packages_distributions()
    imported = set(imported_from_outside(member.replace("/", ".")))
    assert imported >= {"structlog", "pydantic_settings"}
    for module in imported:
        installed_by = {canonicalize_name(name) for name in owners.get(module, [])}
        assert not installed_by or installed_by & locked, f"{member} imports {module}, which its lock lacks"


def imported_from_outside(package: str) -> Iterator[str]:
    graph = code()
    own = [name for name in graph.modules if f"{name}.".startswith(f"{package}.") and ".tests" not in name]
    for name in own:
        for reached in graph.find_upstream_modules(name) | {name}:
            yield from (module for module in graph.find_modules_directly_imported_by(reached) if outside(module))


def outside(module: str) -> bool:
    return module.partition(".")[0] not in PACKAGES


@cache
def code() -> grimp.ImportGraph:
    return grimp.build_graph(*PACKAGES, include_external_packages=True, cache_dir=None)
