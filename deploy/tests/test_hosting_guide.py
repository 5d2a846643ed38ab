"""The files in docs/hosting.md: Caddy accepts its configuration, and systemd's unit starts a program that exists."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from shared.testing.waiting import WAIT_SECONDS

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "hosting.md").read_text()


def blocks(language: str) -> list[str]:
    """The code blocks of this language."""
    return re.findall(rf"```{language}\n(.*?)```", GUIDE, re.DOTALL)


def test_caddy_accepts_its_configuration(tmp_path: Path) -> None:
    caddy = shutil.which("caddy")
    if caddy is None:
        pytest.skip("caddy is not installed (Debian's package caddy)")
    (caddyfile,) = blocks("caddyfile")
    (tmp_path / "Caddyfile").write_text(caddyfile)
    done = subprocess.run(
        [caddy, "adapt", "--config", str(tmp_path / "Caddyfile"), "--validate"],
        env={"HOME": str(tmp_path)}, capture_output=True, text=True, check=False, timeout=WAIT_SECONDS,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "127.0.0.1:8080" in json.dumps(json.loads(done.stdout))


def test_the_unit_starts_the_standalone_with_settings_that_exist() -> None:
    (unit, *_) = blocks("ini")
    assert "ExecStart=/srv/shutter/.venv/bin/python -m deploy.standalone" in unit
    named = {each.removesuffix("_FILE") for each in re.findall(r"\b([A-Z][A-Z_]+)=", unit)} - {"DATA_DIR"}
    listed = set(re.findall(r"^\| `([A-Z0-9_]+)` \|", (ROOT / "docs" / "configuration.md").read_text(), re.MULTILINE))
    assert named >= {"ENVIRONMENT", "PUBLIC_URL", "TRUSTED_PROXIES"} and named <= listed
