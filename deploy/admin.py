"""Commands for operators, the same for a standalone, the compose cluster and Kubernetes.

`python -m deploy.admin posts recount --json` runs the command of a service where the service runs: with the data of
`DATA_DIR` (./data); with --compose in its container; with --kubernetes in a pod, by kubectl and its current context.
`python -m deploy.admin posts --help` lists the commands of a service.
"""

import os
import subprocess
import sys
from pathlib import Path

import click

from deploy.commands import Commands, Compose, Kubernetes, Standalone
from deploy.data_folder import StartupError
from shared.service_list import NAMES


@click.command(help=__doc__, context_settings={"ignore_unknown_options": True})
@click.option("--compose", "where", flag_value="compose", help="In the containers of docker-compose.yml")
@click.option("--kubernetes", "where", flag_value="kubernetes", help="In the pods of the current namespace")
@click.argument("service", type=click.Choice(NAMES))
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
def main(*, where: str | None, service: str, command: tuple[str, ...]) -> None:
    try:
        _commands(where).run(service, *command)
    except StartupError as error:
        sys.exit(str(error))
    except subprocess.CalledProcessError as error:
        sys.exit(error.returncode)


def _commands(where: str | None) -> Commands:
    if where == "compose":
        return Compose()
    if where == "kubernetes":
        return Kubernetes()
    data = Path(os.environ.get("DATA_DIR") or "data")
    if not (data / "secrets.json").exists():
        raise StartupError(f"There are no data in {data}: set DATA_DIR=..., or use --compose or --kubernetes.")
    return Standalone(data)


if __name__ == "__main__":
    main()
