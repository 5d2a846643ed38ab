"""openapi-python-client generates a client without warnings, and a program with it works."""

import os
import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).parent
SECONDS = 100


def run(*arguments: str, **environment: str) -> str:
    """The output of this Python command, which must succeed."""
    done = subprocess.run(
        [sys.executable, *arguments], env={**os.environ, **environment}, stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=SECONDS, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-8000:]
    return done.stdout


def test_generated_python_client_covers_the_main_user_actions(
    description: Path, photo: Path, base_url: str, tmp_path: Path
) -> None:
    client = tmp_path / "shutter_client"
    printed = run(
        "-m", "openapi_python_client", "generate", f"--path={description}", f"--output-path={client}",
        f"--config={FOLDER / 'python_client.yml'}", "--meta=none", "--fail-on-warning",
    )  # fmt: skip
    assert "warning" not in printed.lower()
    done = run(str(FOLDER / "python_program.py"), base_url, str(photo), PYTHONPATH=str(tmp_path))
    assert done == "done\n"
