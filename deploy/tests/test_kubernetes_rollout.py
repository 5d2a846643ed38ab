"""rollout.sh: what it applies in which order, and that it stops at the first failure. `kubectl` is a recorder here."""

import os
import subprocess
from pathlib import Path

import pytest

from shared.testing.waiting import WAIT_SECONDS

SCRIPT = Path(__file__).parents[1] / "kubernetes" / "rollout.sh"
RECORDER = """#!/bin/sh
case $1 in
  kustomize) echo "$STAGES" ;;
  get) echo statefulset.apps/mysql ;;
  *)
    what=$1
    case $2 in --*) ;; *) what="$what $2" ;; esac
    for each; do
      case $each in --selector=*) what="$what ${each#--selector=}" ;; esac
    done
    echo "$what" >>"$CALLS"
    case "$*" in *"$FAILING"*) exit 1 ;; esac ;;
esac
"""


def rollout(folder: Path, stages: str, failing: str = "nothing fails") -> tuple[int, list[str]]:
    """The exit code of the script, and the verb, the object and the selector of each call of kubectl."""
    kubectl = folder / "kubectl"
    kubectl.write_text(RECORDER)
    kubectl.chmod(0o755)
    calls = folder / "calls"
    calls.touch()
    environment = {"PATH": f"{folder}:{os.environ['PATH']}", "STAGES": stages, "CALLS": str(calls), "FAILING": failing}
    done = subprocess.run(
        ["sh", SCRIPT, "overlay"], env=environment, capture_output=True, timeout=WAIT_SECONDS, check=False
    )
    return done.returncode, calls.read_text().splitlines()


def test_dependencies_come_first_then_migrations_then_services_then_the_gateway(tmp_path: Path) -> None:
    code, calls = rollout(tmp_path, "shutter/stage: provision")
    assert code == 0
    assert calls == [
        "apply shutter/stage notin (provision, migration, program)",
        "rollout status",
        *(f"{verb} {'job ' if verb != 'apply' else ''}shutter/stage=provision" for verb in ("delete", "apply", "wait")),
        *(f"{verb} {'job ' if verb != 'apply' else ''}shutter/stage=migration" for verb in ("delete", "apply", "wait")),
        *(
            f"apply shutter/stage=program,app.kubernetes.io/name={name}"
            for name in ("auth", "social", "posts", "dm", "notifications")
        ),
        *["rollout status"] * 5,
        "apply shutter/stage=program,app.kubernetes.io/name=gateway",
        "rollout status",
    ]


def test_overlay_without_dependencies_of_its_own_provisions_nothing(tmp_path: Path) -> None:
    code, calls = rollout(tmp_path, "shutter/stage: migration")
    assert code == 0
    assert not any("stage=provision" in call for call in calls)


@pytest.mark.parametrize("failing", ["stage=migration --for", "deployment/posts"])
def test_nothing_is_updated_after_a_failure(tmp_path: Path, failing: str) -> None:
    code, calls = rollout(tmp_path, "shutter/stage: migration", failing)
    assert code != 0
    assert "apply shutter/stage=program,app.kubernetes.io/name=gateway" not in calls
    if "migration" in failing:
        assert not any("stage=program" in call for call in calls)
