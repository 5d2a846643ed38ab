"""The system as a stack of Docker Swarm on this machine: replicas that can be updated and killed one by one."""

import secrets
from datetime import datetime
from itertools import cycle
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import URL, Engine, create_engine

from chaos.containers import PROGRAMS, SERVICES, docker, until
from chaos.processes import Process
from chaos.system import ACCESS_TOKEN_SECONDS, BROKER_COUNTS_AGE_SECONDS, CHEAP_PASSWORD_HASHES, Fault
from deploy import cluster, image
from deploy.swarm.__main__ import compose_config, roll_out, run
from deploy.swarm.stack import stack
from shared.testing.ports import free_port

READY_SECONDS = 900.0
REMOVAL_SECONDS = 300.0
RATES = ("SIGNUPS", "LOGINS", "PASSWORDS", "REFRESHES", "ANONYMOUS", "PICTURES", "PERSON", "UPLOADS")
FILES = ("auth", "posts", "dm")
FIRST_TAG, SECOND_TAG = "rolling-a", "rolling-b"


class Swarm:
    """A stack with its own name, secrets, ports and volumes. It makes this machine a swarm, if it is none."""

    counts_age_seconds = BROKER_COUNTS_AGE_SECONDS

    def __init__(self, folder: Path, replicas: int = 2) -> None:
        self.name = f"shutter-chaos-{secrets.token_hex(3)}"
        self.replicas = replicas
        self._folder = folder
        self._port, self._mysql_port, self._management_port = free_port(), free_port(), free_port()
        self._made_swarm = False
        self._tags = {program: cycle((SECOND_TAG, FIRST_TAG)) for program in PROGRAMS}
        self.base_url = f"http://127.0.0.1:{self._port}"
        self.processes: dict[str, Process] = {}
        self.files = {name: folder / "files" / name for name in FILES}
        self.engines: dict[str, Engine] = {}

    def start(self) -> None:
        """Build the images, deploy, and return when everything is ready."""
        for program in PROGRAMS:
            image.build(program, f"shutter-{program}:{FIRST_TAG}")
            docker("tag", f"shutter-{program}:{FIRST_TAG}", f"shutter-{program}:{SECOND_TAG}")
        if docker("info", "--format={{.Swarm.LocalNodeState}}").strip() != "active":
            docker("swarm", "init", "--advertise-addr=127.0.0.1", "--listen-addr=127.0.0.1")
            self._made_swarm = True
        roll_out(self.name, self._stack())
        until(self.is_ready, READY_SECONDS, "every replica is ready")

    def stop(self) -> None:
        """Remove the stack, its volumes and images, and the swarm if it was made here."""
        for engine in self.engines.values():
            engine.dispose()
        docker("stack", "rm", self.name, check=False)
        until(lambda: not self._containers(), REMOVAL_SECONDS, "the containers are gone")
        label = f"--filter=label=com.docker.stack.namespace={self.name}"
        if ended := docker("ps", "--all", "--quiet", label).split():
            docker("rm", "--force", *ended, check=False)  # of jobs, which Swarm keeps
        if volumes := docker("volume", "ls", "--quiet", label).split():
            docker("volume", "rm", *volumes, check=False)
        docker("image", "rm", *(f"shutter-{p}:{tag}" for p in PROGRAMS for tag in (FIRST_TAG, SECOND_TAG)), check=False)
        if self._made_swarm:
            docker("swarm", "leave", "--force")

    def faults(self) -> list[Fault]:
        """None: the scenario kills replicas itself."""
        return []

    def is_ready(self) -> bool:
        """Whether all replicas run, and the gateway reports that every service is ready."""
        states = docker("service", "ls", f"--filter=name={self.name}_", "--format={{.Name}} {{.Replicas}}").splitlines()
        programs = [each for each in states if each.split()[0].removeprefix(f"{self.name}_") in PROGRAMS]
        if sum(f" {self.replicas}/{self.replicas}" in each for each in programs) != len(PROGRAMS):
            return False
        # A moment after a kill, Swarm still counts the replica.
        if any(len(self._containers(program)) < self.replicas for program in PROGRAMS):
            return False
        try:
            return bool(httpx.get(f"{self.base_url}/readyz", timeout=5).json()["status"] == "ready")
        except (httpx.HTTPError, ValueError):
            return False

    def waiting_messages(self) -> dict[str, int]:
        """Messages in the broker, by queue; empty queues are left out."""
        address = f"http://127.0.0.1:{self._management_port}/api/queues"
        wanted = {"disable_stats": "true", "enable_queue_totals": "true"}
        answer = httpx.get(address, params=wanted, auth=("admin", self._secret("BROKER_ADMIN_PASSWORD")), timeout=10)
        return {each["name"]: each["messages"] for each in answer.raise_for_status().json() if each.get("messages")}

    def printed(self) -> dict[str, str]:
        """All logs, by container. `docker service logs` does not end while one of the containers is removed."""
        found = {}
        for program in PROGRAMS:
            label = f"--filter=label=com.docker.swarm.service.name={self.name}_{program}"
            for container in docker("ps", "--all", "--quiet", label).split():
                found[f"{program} {container}"] = docker("logs", container, check=False)
        return found

    def update(self, program: str) -> None:
        """Replace all replicas by those of another tag, one by one."""
        tag = next(self._tags[program])
        options = ["--detach=false", "--no-resolve-image", f"--image=shutter-{program}:{tag}"]
        run(["docker", "service", "update", *options, f"{self.name}_{program}"])

    def kill(self, program: str) -> float:
        """Kill one replica as a crash would. Returns when it ended, in seconds since the epoch; it is replaced."""
        victim = self._containers(program)[0]
        docker("kill", victim)
        ended = docker("inspect", "--format={{.State.FinishedAt}}", victim).strip()
        return datetime.fromisoformat(ended[:26] + "+00:00").timestamp()

    def _containers(self, program: str = "") -> list[str]:
        return docker("ps", "--quiet", "--no-trunc", f"--filter=name={self.name}_{program}.").split()

    def _secret(self, name: str) -> str:
        return cluster.read(self._folder / "env")[name]

    def _stack(self) -> dict[str, Any]:
        env, made = self._folder / "env", self._folder / "made"
        cluster.prepare(env, made)
        self.engines = {
            name: create_engine(self._database_url(name), pool_pre_ping=True, pool_recycle=60) for name in SERVICES
        }
        subnet = f"10.{232 + secrets.randbelow(8)}.{4 * secrets.randbelow(64)}.0/22"
        settings = {f"RATE_{name}": "1000000/minute" for name in RATES}
        settings["UNVERIFIED_MAY_POST"] = "true"  # nobody reads their messages
        settings["MAIL_URL"] = "file:///tmp/mails"  # they have names; in the log they would be differences
        compose = compose_config(env, settings)
        for mount in compose["services"]["rabbitmq"]["volumes"]:
            if mount["source"].endswith("made/definitions.json"):  # those of `make up`, which may not be there
                mount["source"] = str(made / "definitions.json")
        document = stack(compose, version=FIRST_TAG, replicas=self.replicas, port=self._port, subnet=subnet)
        services = document["services"]
        for program in PROGRAMS:
            services[program]["environment"] |= CHEAP_PASSWORD_HASHES | {
                "ACCESS_TOKEN_SECONDS": str(ACCESS_TOKEN_SECONDS)
            }
        # On a busy machine a check may take long, and that of RabbitMQ itself takes seconds of CPU.
        services["rabbitmq"]["healthcheck"] |= {"interval": "15s", "timeout": "120s", "retries": 20}
        services["mysql"]["healthcheck"] |= {"timeout": "60s", "retries": 40}
        for program in PROGRAMS:
            services[program]["healthcheck"] = {"interval": "5s", "timeout": "60s", "retries": 20}
        # What the checks read: the databases, the queues and the photos.
        for name, target, port in (("mysql", 3306, self._mysql_port), ("rabbitmq", 15672, self._management_port)):
            services[name]["networks"].append("outside")
            services[name]["ports"] = [{"target": target, "published": port, "mode": "host"}]
        for name, path in self.files.items():
            path.mkdir(parents=True)
            path.chmod(0o777)
            document["volumes"][f"{name}-files"] = {"driver_opts": {"type": "none", "o": "bind", "device": str(path)}}
        return document

    def _database_url(self, schema: str) -> URL:
        return URL.create(
            "mysql+pymysql",
            "root",
            self._secret("MYSQL_ROOT_PASSWORD"),
            "127.0.0.1",
            self._mysql_port,
            schema,
            {"ssl_disabled": "true"},
        )
