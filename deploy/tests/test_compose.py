"""The compose file keeps secrets apart and publishes one port; images contain only code."""

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.cluster import CALLS, read
from shared.security.derived_keys import caller_key
from shared.testing.waiting import WAIT_SECONDS

ROOT = Path(__file__).parents[2]
OURS = ("auth", "social", "posts", "dm", "notifications", "gateway")
SERVICES: dict[str, dict[str, Any]] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
NETWORKS: dict[str, dict[str, Any]] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["networks"]
SECRET = re.compile(r"\$\{((?:[A-Z]+_)*(?:PASSWORD|SECRET|KEY))\}")


def told(name: str) -> set[str]:
    """The secrets that this container gets."""
    return set(SECRET.findall(str(SERVICES[name].get("environment"))))


def test_only_the_gateway_port_is_published() -> None:
    assert {name: each["ports"] for name, each in SERVICES.items() if "ports" in each} == {
        "gateway": ["${BIND:-127.0.0.1}:${PORT:-8080}:8080"]
    }


def test_services_have_no_outbound_network_unless_a_setting_allows_it() -> None:
    assert NETWORKS["inside"] == {"internal": True}
    assert NETWORKS["egress"] == {"internal": "${EGRESS_INTERNAL:-true}"}
    others = {name: each["networks"] for name, each in SERVICES.items() if each["networks"] != ["inside"]}
    with_files = {name: ["inside", "egress"] for name in ("auth", "posts", "dm", "notifications")}
    assert others == {"gateway": ["inside", "outside"], **with_files}


def test_files_are_in_a_volume_unless_a_setting_names_object_storage() -> None:
    keys = {"AWS_ENDPOINT_URL", "AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_ALLOW_HTTP"}
    for name in OURS:
        environment = SERVICES[name]["environment"]
        passed_on = {key for key in environment if key.startswith("AWS_")}
        if name in ("auth", "posts", "dm"):
            assert environment["STORAGE_URL"] == f"${{{name.upper()}_STORAGE_URL:-file:///data}}"
            assert passed_on == keys and not any(environment[key] for key in keys)
        else:
            assert not passed_on and "STORAGE_URL" not in environment


def test_every_own_container_runs_in_production_mode() -> None:
    told_so = {name for name, each in SERVICES.items() if each["environment"].get("ENVIRONMENT") == "production"}
    assert told_so == {*OURS, *(f"{name}-migrate" for name in OURS[:-1])}


@pytest.mark.parametrize("name", SERVICES)
def test_every_container_has_minimal_privileges(name: str) -> None:
    each = SERVICES[name]
    assert each["read_only"] is True
    assert each["cap_drop"] == ["ALL"]
    assert each["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in each and "docker.sock" not in str(each.get("volumes"))


@pytest.mark.parametrize("name", OURS)
def test_service_gets_only_its_own_password(name: str) -> None:
    own = {f"{name.upper()}_{kind}" for kind in ("SECRET", "BROKER_PASSWORD", "DATABASE_PASSWORD")}
    callers = {f"{caller.upper()}_TO_{name.upper()}_KEY" for caller in CALLS.get(name, ())}
    assert told(name) <= own | callers
    assert f"{name.upper()}_SECRET" in told(name)


def test_caller_keys_are_derived_from_the_callers_secrets(tmp_path: Path) -> None:
    """By a Python without packages; repeated, it changes nothing, and another secret gives other keys."""
    for name in (
        "deploy/cluster.py",
        "deploy/rabbitmq/definitions.json",
        "shared/contracts/services.json",
        "shared/security/derived_keys.py",
        "shared/service_list.py",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)

    def made() -> dict[str, str]:
        subprocess.run([sys.executable, "-S", "-m", "deploy.cluster"], cwd=tmp_path, check=True, timeout=WAIT_SECONDS)
        return read(tmp_path / ".env")

    first = made()
    assert made() == first
    assert first["DM_TO_POSTS_KEY"] == caller_key(first["DM_SECRET"], "posts") != first["DM_TO_AUTH_KEY"]
    env = tmp_path / ".env"
    env.write_text(env.read_text().replace(first["DM_SECRET"], "another secret"))
    second = made()
    assert second["DM_TO_POSTS_KEY"] == caller_key("another secret", "posts")
    assert {name for name in first if first[name] != second[name]} == {
        "DM_SECRET", "DM_TO_AUTH_KEY", "DM_TO_POSTS_KEY", "DM_TO_SOCIAL_KEY"
    }  # fmt: skip
    assert len(env.read_text().splitlines()) == len(second) + 1


def test_compose_file_contains_no_secret() -> None:
    given = [(key, value) for each in SERVICES.values() for key, value in each.get("environment", {}).items()]
    secret = [str(value) for key, value in given if key.endswith(("PASSWORD", "SECRET"))]
    assert secret and all(SECRET.fullmatch(value) for value in secret)
    addresses = [str(value) for _, value in given if re.search("://.*@", str(value))]
    assert addresses and all(re.search(r"://[a-z]+:\$\{[A-Z_]+\}@", value) for value in addresses)


def test_image_contains_only_code() -> None:
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    patterns = [line for line in lines if line and not line.startswith("#")]
    assert patterns[0] == "*"
    assert {each for each in patterns if each.startswith("!")} == {"!shared", "!gateway", "!services", "!web"}
    assert {"**/tests", "**/testing"} <= set(patterns)
    stages = re.split(r"^FROM ", (ROOT / "Dockerfile").read_text(), flags=re.MULTILINE)[1:]
    copied = {stage.split()[2]: re.findall(r"^COPY (?!--from)(\S+)", stage, re.MULTILINE) for stage in stages}
    assert copied == {
        "packages": ["${MEMBER}/requirements.lock"],
        "user": [],
        "code": ["shared", "${MEMBER}"],
        "pages": ["web"],
        "program": [],
        "gateway": [],
        "service": [],
    }
    assert [stage.split()[0] for stage in stages] == ["${PYTHON_IMAGE}"] * 5 + ["program"] * 2
    parts = {stage.split()[2]: re.findall(r"^COPY --from=(\S+)", stage, re.MULTILINE) for stage in stages}
    assert parts["program"] == ["user", "packages", "code"] and parts["gateway"] == ["pages"]
    program = next(stage for stage in stages if stage.split()[2] == "program")
    assert re.search(r"^USER \d+$", program, re.MULTILINE)
    for name in OURS:
        folder = name if name == "gateway" else f"services/{name}"
        build = SERVICES[name]["build"]
        assert build["args"]["MEMBER"] == folder and (ROOT / folder / "requirements.lock").exists()
        assert build["target"] == ("gateway" if name == "gateway" else "service")
