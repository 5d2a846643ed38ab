"""`make up` and `make pin`: the limits, secrets and digests passed to the engine, which is a script here."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from deploy.cluster import read, write_settings
from deploy.pin import digest_of, images
from shared.testing.waiting import WAIT_SECONDS

ROOT = Path(__file__).parents[2]
COMPOSE = (ROOT / "docker-compose.yml").read_text()
RATES = ("SIGNUPS", "PASSWORDS", "ANONYMOUS", "PICTURES", "PERSON", "UPLOADS")
ENGINE = """#!/bin/sh
case "$*" in
  'compose up'*) env >"$TOLD" ;;
  *mysql:9.7) printf 'mysql@sha256:%064d\\nother@sha256:1\\n' 7 ;;
  'image inspect'*) exit "${MISSING:-0}" ;;
esac
"""


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """First on the path. Returns the file to which it writes its arguments."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "docker").write_text(ENGINE)
    (tmp_path / "bin" / "docker").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    monkeypatch.setenv("TOLD", str(tmp_path / "told"))
    return tmp_path / "told"


def up(folder: Path, **settings: str) -> "subprocess.CompletedProcess[str]":
    """`make up` in a separate folder."""
    for name in (
        "deploy/up.sh",
        "deploy/cluster.py",
        "deploy/rabbitmq/definitions.json",
        "shared/contracts/services.json",
        "shared/security/derived_keys.py",
        "shared/service_list.py",
    ):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("RATE")}
    return subprocess.run(
        ["sh", "deploy/up.sh"], cwd=folder, env={**inherited, "PYTHON": sys.executable, **settings},
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=WAIT_SECONDS, check=False,
    )  # fmt: skip


def test_rate_limits_default_to_production(engine: Path, tmp_path: Path) -> None:
    done = up(tmp_path)
    assert done.returncode == 0 and "Rate limits" not in done.stderr
    assert "RATE_" not in engine.read_text()
    gateway = yaml.safe_load(COMPOSE)["services"]["gateway"]["environment"]
    assert {gateway[f"RATE_{name}"] for name in RATES} == {f"${{RATE_{name}:-}}" for name in RATES}
    assert gateway["ENVIRONMENT"] == "production"


def test_rate_limits_can_be_lifted_with_a_warning(engine: Path, tmp_path: Path) -> None:
    done = up(tmp_path, RATES="off")
    assert done.returncode == 0 and "Rate limits are off" in done.stderr
    told = engine.read_text().splitlines()
    assert {f"RATE_{name}=1000000/minute" for name in RATES} <= set(told)


def test_invalid_rates_value_starts_nothing(engine: Path, tmp_path: Path) -> None:
    assert up(tmp_path, RATES="of").returncode == 1
    assert not engine.exists()


def test_every_base_image_can_be_pinned_in_one_file() -> None:
    named = images(COMPOSE)
    assert set(named) == {"PYTHON_IMAGE", "MYSQL_IMAGE", "RABBITMQ_IMAGE"}
    services = yaml.safe_load(COMPOSE)["services"].values()
    for service in services:
        if "build" in service:
            assert service["build"]["args"]["PYTHON_IMAGE"] == f"${{PYTHON_IMAGE:-{named['PYTHON_IMAGE']}}}"
        else:
            assert service["image"].startswith(("shutter-", "${MYSQL_IMAGE:-", "${RABBITMQ_IMAGE:-"))
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    assert f"ARG PYTHON_IMAGE={named['PYTHON_IMAGE']}" in lines
    assert {line.split()[1] for line in lines if line.startswith("FROM ")} == {"${PYTHON_IMAGE}", "program"}


def test_digest_is_that_of_the_pulled_image(engine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert digest_of("mysql:9.7") == f"sha256:{7:064d}"
    assert digest_of("built:here") is None
    monkeypatch.setenv("MISSING", "1")
    assert digest_of("not:here") is None


def test_setting_is_replaced_and_the_others_are_kept(tmp_path: Path) -> None:
    env = tmp_path / ".env"
    env.write_text("# Kept\nA=1\nMYSQL_IMAGE=old\nB=2\n")
    write_settings(env, {"MYSQL_IMAGE": "new", "C": "3"})
    assert read(env) == {"A": "1", "B": "2", "MYSQL_IMAGE": "new", "C": "3"}
    assert env.read_text().startswith("# Kept\n") and env.stat().st_mode & 0o077 == 0
