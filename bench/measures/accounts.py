"""Logins, refreshes and key rotation under load, and sign-ups while the mail server hangs; takes about 25 minutes.

On a standalone each. `HUNG_MAIL_SECONDS` (600) is how long the mail server hangs.
"""

import asyncio
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.accounts.figures import FIGURES
from bench.accounts.hung_mail import sign_ups_with_a_hung_mail_server
from bench.accounts.system import System, http_client, running_system, sign_up
from bench.environment import Environment
from bench.report import Report
from shared.testing.smtp_server import running_mail_server

USERS = 100


def measure(_: Environment, report: Report) -> None:
    with TemporaryDirectory() as folder, running_system(Path(folder)) as system:
        asyncio.run(_measure(system, report))
    with TemporaryDirectory() as folder, running_mail_server() as mail:
        own = {"MAIL_URL": mail.url, "MAIL_FROM": "Shutter <no-reply@example.org>"}
        with running_system(Path(folder), own) as system:
            asyncio.run(sign_ups_with_a_hung_mail_server(system, mail, report))


async def _measure(system: System, report: Report) -> None:
    async with http_client(system.base) as http:
        system.people = [await sign_up(http) for _ in range(USERS)]
    for figure in FIGURES:
        await figure(system, report)
