"""`python -m deploy.swarm`: installs or updates Shutter on Docker Swarm, as rollout.sh does on Kubernetes."""

import json
import os
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click

from deploy import cluster
from deploy.swarm.stack import is_job, part, stack, stages

NAME = "shutter"
WAIT_SECONDS = 900
Change = Callable[[dict[str, Any]], None]


@click.group()
def main() -> None:
    """Shutter as a stack of Docker Swarm. `docker swarm init` comes first."""


@main.command()
@click.option("--version", required=True, help="The tag of the images shutter-auth, shutter-social, ...")
@click.option("--replicas", default=2, help="Of each service and of the gateway")
@click.option("--port", default=8080, help="Of the edge on its node")
def rollout(version: str, replicas: int, port: int) -> None:
    """Install or update: dependencies, migrations, the services one after the other, the gateway."""
    cluster.main()
    roll_out(NAME, stack(compose_config(cluster.ENV), version=version, replicas=replicas, port=port))


def compose_config(env_file: Path, settings: Mapping[str, str] | None = None) -> dict[str, Any]:
    """docker-compose.yml with all variables replaced. `settings` come before those of the file."""
    command = ["docker", "compose", "--env-file", str(env_file), "--file", str(cluster.ROOT / "docker-compose.yml")]
    found = run([*command, "config", "--format", "json"], env={**os.environ, **(settings or {})})
    document: dict[str, Any] = json.loads(found)
    return document


def roll_out(name: str, document: Mapping[str, Any]) -> None:
    """Deploy the stack in stages, each of which waits until its replicas are healthy, or its jobs have ended."""
    for services in stages(document):
        click.echo(f"{name}: {', '.join(services)}", err=True)
        # A job that has ended runs again only if it is created again.
        if jobs := [f"{name}_{each}" for each in services if is_job(each)]:
            run(["docker", "service", "rm", *jobs], check=False)
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            json.dump(part(document, services), file)
            file.flush()
            options = ["--resolve-image=never", "--detach=false", "--compose-file", file.name]
            run(["docker", "stack", "deploy", *options, name])


def run(command: list[str], *, check: bool = True, env: Mapping[str, str] | None = None) -> str:
    """The output of a docker command. Raises ClickException with what it printed."""
    done = subprocess.run(  # noqa: S603 - our own commands
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=WAIT_SECONDS, check=False, env=env
    )
    if check and done.returncode:
        raise click.ClickException(f"{' '.join(command[:3])}: {done.stderr.strip() or done.stdout.strip()[-2000:]}")
    return done.stdout


if __name__ == "__main__":
    main()
