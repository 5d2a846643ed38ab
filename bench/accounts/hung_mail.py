"""Sign-ups while the mail server accepts connections and says nothing: none waits for it, and no message is lost."""

import asyncio
import os
import secrets
import time
from collections import Counter
from contextlib import suppress
from statistics import median

import aiohttp

from bench.report import Report
from shared.testing.smtp_server import MailServer

from .figures import until
from .system import PASSWORD, Answer, System, ask, http_client

SECONDS_SETTING = "HUNG_MAIL_SECONDS"
SECONDS = 600
PER_MINUTE = 100
MAX_SLOWDOWN = 1.1
MAX_ARRIVAL_SECONDS = 1_800
"""How long to wait for the messages afterwards. The queue retries later after each failure."""


async def sign_ups_with_a_hung_mail_server(system: System, mail: MailServer, report: Report) -> None:
    """100 sign-ups a minute: with a mail server that works, for 10 minutes with one that hangs, and again as before.

    The times without and with it alternate, so that other load of the machine affects both. `HUNG_MAIL_SECONDS` sets a
    shorter duration.
    """
    seconds = float(os.environ.get(SECONDS_SETTING, SECONDS))
    async with http_client(system.base) as web:
        before = await _sign_up_for(web, min(seconds, 120))
        mail.hangs = True
        meanwhile = await _sign_up_for(web, seconds)
        mail.hangs = False
        after = await _sign_up_for(web, min(seconds, 120))
    answers = before | meanwhile | after
    failed = Counter(each.status for each in answers.values() if each.status != 201)
    name = f"sign-ups while the mail server hangs for {seconds:.0f} s"
    report.goal(
        name, "none fails", f"{sum(failed.values())} of {len(answers)} failed {dict(failed) or ''}", held=not failed
    )
    working, hung = _milliseconds(before | after), _milliseconds(meanwhile)
    value = f"median {working:.1f} ms with a working one, {hung:.1f} ms meanwhile"
    report.goal("their duration", "at most a tenth slower", value, held=hung <= MAX_SLOWDOWN * working)
    addresses = {address for address, each in answers.items() if each.status == 201}
    waited = await _until_all_arrived(mail, addresses)
    counts = Counter(mail.recipients)
    missing, repeated = len(addresses - counts.keys()), sum(number > 1 for number in counts.values())
    value = f"{missing} missing, {repeated} repeated of {len(addresses)}, {waited:.0f} s after the last sign-up"
    report.goal("their messages", "each arrives once", value, held=not missing and not repeated)


async def _sign_up_for(web: aiohttp.ClientSession, seconds: float) -> dict[str, Answer]:
    """Sign-ups at a constant rate, whether or not earlier ones have been answered; the answers by address."""

    async def one() -> tuple[str, Answer]:
        nickname = f"n{secrets.token_hex(8)}"
        address = f"{nickname}@example.org"
        body = {"email": address, "name": "N", "nickname": nickname, "password": PASSWORD}
        return address, await ask(web, "POST", "/auth/signup", body=body)

    under_way = []
    for _ in range(max(1, round(seconds * PER_MINUTE / 60))):
        under_way.append(asyncio.create_task(one()))
        await asyncio.sleep(60 / PER_MINUTE)
    return dict(await asyncio.gather(*under_way))


async def _until_all_arrived(mail: MailServer, addresses: set[str]) -> float:
    """Wait for them, and then as long again as a second delivery of one could take. Returns how long it took."""
    began = time.monotonic()
    with suppress(TimeoutError):
        await until(lambda: not addresses - set(mail.recipients), seconds=MAX_ARRIVAL_SECONDS)
    waited = time.monotonic() - began
    await asyncio.sleep(min(60.0, 5 + waited))
    return waited


def _milliseconds(answers: dict[str, Answer]) -> float:
    return median(each.seconds for each in answers.values()) * 1_000
