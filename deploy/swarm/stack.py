"""The stack of Docker Swarm, made from docker-compose.yml, which stays the only description of the containers.

Swarm has other words for limits and restarts, no start order, and files in place of bind mounts. A kernel without IPVS
answers neither Swarm's virtual addresses nor its ingress ports. Therefore each name resolves to the addresses of all
replicas (`dnsrr`), and only `edge`, an nginx that spreads over them, has a port, which is that of its node.
"""

import hashlib
from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

from deploy.cluster import PROGRAMS

EDGE_CONF = Path(__file__).parent / "edge.conf"
EDGE_IMAGE = "nginx:stable"
SUBNET = "10.231.0.0/22"
"""Of the network `inside`: the gateway trusts X-Forwarded-For of the edge, which is in it."""
DRAIN_SECONDS = 10
GRACE_PERIOD = "60s"
"""The drain, requests in progress (20 s) and events in progress (15 s)."""
MIGRATIONS = "-migrate"
PROVISION = "provision-mysql"
DEPENDENCIES = ("mysql", "rabbitmq")
_KEPT = (
    *("cap_drop", "command", "entrypoint", "environment", "healthcheck", "hostname", "image", "logging"),
    *("read_only", "stop_grace_period", "user"),
)
Document = dict[str, Any]


def stack(compose: Mapping[str, Any], *, version: str, replicas: int, port: int, subnet: str = SUBNET) -> Document:
    """The stack for `docker stack deploy`, from the output of `docker compose config --format json`.

    `version` is the tag of our own images, `port` where the edge listens on its node.
    """
    configs: Document = {}
    services = {name: _service(name, each, version, replicas, configs) for name, each in compose["services"].items()}
    services["gateway"]["environment"]["TRUSTED_PROXIES"] = f'["{subnet}"]'
    services["edge"] = _edge(services["gateway"], port, configs)
    return {
        "version": "3.9",
        "services": services,
        "configs": configs,
        "networks": {
            **{name: _network(each or {}) for name, each in compose["networks"].items()},
            "inside": {"driver": "overlay", "internal": True, "ipam": {"config": [{"subnet": subnet}]}},
        },
        "volumes": {name: {} for name in compose["volumes"]},
    }


def stages(whole: Mapping[str, Any]) -> list[list[str]]:
    """The services in the order of an update: each stage waits for the one before."""
    migrations = [name for name in whole["services"] if name.endswith(MIGRATIONS)]
    programs = [[name] for name in PROGRAMS]  # one after the other, the gateway last
    return [[*DEPENDENCIES], [PROVISION], migrations, *programs, ["edge"]]


def is_job(name: str) -> bool:
    """Whether it runs once and ends."""
    return name == PROVISION or name.endswith(MIGRATIONS)


def part(whole: Mapping[str, Any], names: list[str]) -> Document:
    """The stack with these services only; `docker stack deploy` leaves the others as they are."""
    return {**whole, "services": {name: whole["services"][name] for name in names}}


def _service(name: str, compose: Document, version: str, replicas: int, configs: Document) -> Document:
    service = {key: deepcopy(compose[key]) for key in _KEPT if compose.get(key) is not None}
    service["networks"] = [each for each in compose["networks"] if each != "outside"]  # that is for the edge
    mounts = [_mount(each) for each in compose.get("volumes", ()) if each["type"] == "volume"]
    service["volumes"] = [*mounts, *map(_tmpfs, compose.get("tmpfs", ()))]
    files = [each for each in compose.get("volumes", ()) if each["type"] == "bind"]
    service["configs"] = [_config(Path(each["source"]), each["target"], configs) for each in files]
    program = name.removesuffix(MIGRATIONS)
    if program in PROGRAMS:
        service["image"] = f"shutter-{program}:{version}"
        service["environment"]["DRAIN_SECONDS"] = str(DRAIN_SECONDS)
        service["stop_grace_period"] = GRACE_PERIOD
    service["deploy"] = {
        "endpoint_mode": "dnsrr",
        "resources": {"limits": _limits(compose)},
        **(_job() if is_job(name) else _replicated(replicas if name in PROGRAMS else 1, rolls=name in PROGRAMS)),
    }
    return service


def _network(compose: Document) -> Document:
    return {"driver": "overlay", **({"internal": True} if compose.get("internal") else {})}


def _job() -> Document:
    return {"mode": "replicated-job", "restart_policy": {"condition": "on-failure", "delay": "2s"}}


def _replicated(replicas: int, *, rolls: bool) -> Document:
    # The delay is that of the gateway until it knows a new address (RESOLVE_SECONDS).
    rolling = {"parallelism": 1, "order": "start-first", "delay": "5s", "monitor": "10s"}
    updates = {"update_config": {**rolling, "failure_action": "rollback"}, "rollback_config": rolling} if rolls else {}
    return {"replicas": replicas, "restart_policy": {"condition": "any", "delay": "1s"}, **updates}


def _limits(compose: Document) -> Document:
    found = {"cpus": compose.get("cpus"), "memory": compose.get("mem_limit"), "pids": compose.get("pids_limit")}
    return {name: value if name == "pids" else str(value) for name, value in found.items() if value is not None}


def _mount(volume: Document) -> Document:
    return {"type": "volume", "source": volume["source"], "target": volume["target"]}


def _tmpfs(mount: str) -> Document:
    target, _, options = mount.partition(":")
    size = dict(each.partition("=")[::2] for each in options.split(","))["size"]
    return {"type": "tmpfs", "target": target, "tmpfs": {"size": int(size.removesuffix("m")) * 1024 * 1024}}


def _config(file: Path, target: str, configs: Document) -> Document:
    """A file of a container. A config cannot be changed, so its name changes with its content."""
    digest = hashlib.sha256(file.read_bytes()).hexdigest()[:12]
    name = f"{file.stem}-{digest}"
    configs[name] = {"file": str(file)}
    return {"source": name, "target": target, "mode": 0o555}


def _edge(gateway: Document, port: int, configs: Document) -> Document:
    return {
        "image": EDGE_IMAGE,
        "user": "10001",
        "command": ["nginx", "-g", "daemon off;"],
        "networks": ["inside", "outside"],
        "ports": [{"target": 8080, "published": port, "mode": "host"}],
        "configs": [_config(EDGE_CONF, "/etc/nginx/nginx.conf", configs)],
        "volumes": gateway["volumes"],
        "deploy": {
            "endpoint_mode": "dnsrr",
            "resources": {"limits": {"cpus": "1", "memory": "128M", "pids": 50}},
            **_replicated(1, rolls=False),
        },
        **{key: gateway[key] for key in ("cap_drop", "logging", "read_only")},
    }
