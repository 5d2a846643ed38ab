"""The stack of Docker Swarm, made from docker-compose.yml."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.cluster import PROGRAMS, ROOT
from deploy.swarm.stack import DEPENDENCIES, EDGE_CONF, is_job, part, stack, stages
from gateway.upstream.addresses import RESOLVE_SECONDS
from shared.http_client.client import KEEP_ALIVE_SECONDS

COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
LEFT_OUT = {
    "build",
    "cpus",
    "depends_on",
    "mem_limit",
    "networks",
    "pids_limit",
    "ports",
    "restart",
    "security_opt",
    "tmpfs",
}
"""What has another name in a stack, or is not known there."""


def config() -> dict[str, Any]:
    """As `docker compose config` writes it: long forms, with paths of this machine."""
    services = {}
    for name, given in COMPOSE["services"].items():
        volumes = [_volume(each) for each in given.get("volumes", ())]
        services[name] = {**given, "volumes": volumes, "cpus": given.get("cpus"), "mem_limit": "1024"}
    return {"services": services, "volumes": COMPOSE["volumes"], "networks": COMPOSE["networks"]}


def _volume(short: str) -> dict[str, Any]:
    source, target, *_ = short.split(":")
    bound = source.startswith("./")
    return {"type": "bind" if bound else "volume", "source": str(ROOT / source) if bound else source, "target": target}


@pytest.fixture
def whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The stack. The definitions of the broker, which `make up` writes, need not be there."""
    made, read = ROOT / "deploy" / "rabbitmq" / "made" / "definitions.json", Path.read_bytes
    monkeypatch.setattr(Path, "read_bytes", lambda path: b"{}" if path == made else read(path))
    return stack(config(), version="1.4", replicas=2, port=8080)


def test_every_service_of_compose_is_in_the_stack(whole: dict[str, Any]) -> None:
    assert set(whole["services"]) == {*COMPOSE["services"], "edge"}
    for name, given in COMPOSE["services"].items():
        kept = set(given) - LEFT_OUT - {"volumes"}
        assert kept <= set(whole["services"][name]), name
        assert whole["services"][name]["read_only"] and whole["services"][name]["cap_drop"] == ["ALL"]
        assert whole["services"][name]["deploy"]["resources"]["limits"]["memory"] == "1024"
    json.dumps(whole)


def test_programs_are_updated_one_replica_at_a_time_and_drain(whole: dict[str, Any]) -> None:
    for name in PROGRAMS:
        service = whole["services"][name]
        assert service["image"] == f"shutter-{name}:1.4"
        update = service["deploy"]["update_config"]
        assert (service["deploy"]["replicas"], update["parallelism"], update["order"]) == (2, 1, "start-first")
        assert update["failure_action"] == "rollback"
        assert float(update["delay"].removesuffix("s")) >= RESOLVE_SECONDS, "the gateway knows the new address by then"
        drain = float(service["environment"]["DRAIN_SECONDS"])
        assert KEEP_ALIVE_SECONDS < drain < drain + 20 + 15 <= float(service["stop_grace_period"].removesuffix("s"))


def test_names_resolve_to_replicas_and_only_the_edge_has_a_port(whole: dict[str, Any]) -> None:
    for name, service in whole["services"].items():
        assert service["deploy"]["endpoint_mode"] == "dnsrr"
        assert ("ports" in service) == (name == "edge")
        wanted = [each for each in COMPOSE["services"].get(name, {}).get("networks", ["inside"]) if each != "outside"]
        assert service["networks"] == (["inside", "outside"] if name == "edge" else wanted)
    assert {name: each.get("internal", False) for name, each in whole["networks"].items()} == {
        "inside": True,
        "egress": True,
        "outside": False,
    }
    assert whole["services"]["edge"]["ports"] == [{"target": 8080, "published": 8080, "mode": "host"}]
    subnet = whole["networks"]["inside"]["ipam"]["config"][0]["subnet"]
    assert json.loads(whole["services"]["gateway"]["environment"]["TRUSTED_PROXIES"]) == [subnet]


def test_stages_contain_every_service_once_in_the_order_of_an_update(whole: dict[str, Any]) -> None:
    order = stages(whole)
    flat = [name for names in order for name in names]
    assert sorted(flat) == sorted(whole["services"])
    jobs = [name for name in flat if is_job(name)]
    assert flat[: len(DEPENDENCIES)] == list(DEPENDENCIES)
    assert max(map(flat.index, jobs)) < min(map(flat.index, PROGRAMS))
    assert flat[-2:] == ["gateway", "edge"]
    assert all([name] in order for name in PROGRAMS)
    assert set(part(whole, ["posts"])["services"]) == {"posts"}


def test_files_are_configs_named_after_their_content(whole: dict[str, Any]) -> None:
    files = {name: Path(each["file"]).name for name, each in whole["configs"].items()}
    assert sorted(files.values()) == ["definitions.json", "edge.conf", "provision.sh", "rabbitmq.conf", "shutter.cnf"]
    used = [each["source"] for service in whole["services"].values() for each in service.get("configs", ())]
    assert sorted(used) == sorted(files)


def test_edge_forgets_an_idle_connection_before_the_gateway_has_drained(whole: dict[str, Any]) -> None:
    drain = int(whole["services"]["gateway"]["environment"]["DRAIN_SECONDS"])
    assert "keepalive_timeout 5s;" in EDGE_CONF.read_text() and drain > 5
    assert "server gateway:8080 resolve " in EDGE_CONF.read_text()
