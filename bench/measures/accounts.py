"""Logins, refreshes and key rotation under load, on a standalone; takes about seven minutes."""

import asyncio
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.accounts.figures import FIGURES
from bench.accounts.system import System, http_client, running_system, sign_up
from bench.environment import Environment
from bench.report import Report

USERS = 100


def measure(_: Environment, report: Report) -> None:
    with TemporaryDirectory() as folder, running_system(Path(folder)) as system:
        asyncio.run(_measure(system, report))


async def _measure(system: System, report: Report) -> None:
    async with http_client(system.base) as http:
        system.people = [await sign_up(http) for _ in range(USERS)]
    for figure in FIGURES:
        await figure(system, report)
