"""The measurements of accounts, one function for each."""

import asyncio
import random
import secrets
from collections import Counter
from collections.abc import Awaitable, Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from statistics import median

from bench.report import Report

from .background_reader import BackgroundReader, p99
from .system import Answer, System, ask, http_client, log_in

WRONG = "wrong password"
PARTS = 4
ATTACKERS = [f"127.0.0.{number}" for number in range(2, 52)]


async def timing(system: System, report: Report) -> None:
    """400 attempts with a wrong password, half of them for existing accounts, in random order."""
    tries = [(name, "known") for name in system.people] * 2
    tries += [(f"u{secrets.token_hex(8)}", "unknown") for _ in system.people] * 2
    random.shuffle(tries)
    took: dict[str, list[float]] = {"known": [], "unknown": []}
    async with http_client(system.base) as web:
        for name, sort in tries:
            answer = await log_in(web, name, WRONG)
            if answer.status != 401:
                raise RuntimeError(f"a wrong password was answered with {answer}")
            took[sort].append(answer.seconds * 1_000)
        for name in system.people:  # so that what was tried here does not count later
            await log_in(web, name)
    known, unknown = median(took["known"]), median(took["unknown"])
    value = f"{known:.2f} ms known, {unknown:.2f} ms unknown, difference {known - unknown:+.2f} ms, {len(tries)} tries"
    report.goal("login medians", "< 3 ms apart", value, held=abs(known - unknown) < 3)


async def resets(system: System, report: Report) -> None:
    """10,000 requests for a new password, half of them for addresses of accounts, in random order."""
    unknown = [f"u{secrets.token_hex(8)}" for _ in system.people]
    rounds = 5_000 // len(system.people)
    tries = [(name, "known") for name in system.people] * rounds + [(name, "unknown") for name in unknown] * rounds
    random.shuffle(tries)
    took: dict[str, list[float]] = {"known": [], "unknown": []}
    async with http_client(system.base) as web:
        for name, sort in tries:
            answer = await ask(web, "POST", "/auth/password-reset", body={"email": f"{name}@example.org"})
            if answer.status != 202:
                raise RuntimeError(f"a request for a new password was answered with {answer}")
            took[sort].append(answer.seconds * 1_000)
    known, unknown_median = median(took["known"]), median(took["unknown"])
    value = f"{known:.2f} ms known, {unknown_median:.2f} ms unknown, difference {known - unknown_median:+.2f} ms"
    report.goal("reset medians", "< 3 ms apart", f"{value}, {len(tries)} tries", held=abs(known - unknown_median) < 3)


def log_in_at_once(base: str, names: list[str]) -> list[Answer]:
    """Concurrent logins in a separate process, so that they do not delay the measured clients."""

    async def burst() -> list[Answer]:
        async with http_client(base) as web:
            return await asyncio.gather(*(log_in(web, name) for name in names))

    return asyncio.run(burst())


async def concurrent_logins(system: System, report: Report) -> None:
    """500 concurrent logins, five times, while other clients read."""
    before = peak = system.memory()
    answers: list[Answer] = []
    others = BackgroundReader(system, per_second=100)
    with ProcessPoolExecutor(1, get_context("spawn")) as elsewhere:
        await asyncio.wrap_future(elsewhere.submit(log_in_at_once, system.base, []))
        async with others.reading():
            for _ in range(5):
                burst = elsewhere.submit(log_in_at_once, system.base, system.people * 5)
                while not burst.done():
                    peak = max(peak, system.memory())
                    await asyncio.sleep(0.02)
                answers += burst.result()
    statuses = Counter(each.status for each in answers)
    slowest = max(each.seconds for each in answers)
    told = ", ".join(f"{count} x {status}" for status, count in sorted(statuses.items()))
    report.goal("500 logins at once, 5 times", "200, 429, 503 only", told, held=set(statuses) <= {200, 429, 503})
    report.goal("slowest of them", "< 5 s", f"{slowest:.2f} s", held=slowest < 5)
    report.goal("memory", "< 300 MB", f"+{peak - before:.0f} MB of {before:.0f}", held=peak - before < 300)
    value = f"p99 {p99(others.answers):.0f} ms, {others.refused} of {len(others.answers)} refused"
    report.goal("others meanwhile", "< 200 ms, none", value, held=p99(others.answers) < 200 and not others.refused)


async def refreshes(system: System, report: Report) -> None:
    """50 concurrent refreshes with one token; then each token in the responses is used."""
    async with http_client(system.base) as web:
        token = (await log_in(web, system.people[0])).body["refresh_token"]

        async def refresh(spent: str) -> Answer:
            return await ask(web, "POST", "/auth/refresh", body={"refresh_token": spent})

        given = await asyncio.gather(*(refresh(token) for _ in range(50)))
        successors = [each.body["refresh_token"] for each in given if each.status == 200]
        going_on = [await refresh(each) for each in successors]
    chains = {each.body["refresh_token"] for each in going_on if each.status == 200}
    value = f"{len(successors)} of 50 answered with a pair, {len(chains)} chain went on"
    report.goal("50 refreshes at once", "1 chain", value, held=len(chains) == 1 and len(successors) == 50)


async def guesses(system: System, report: Report) -> None:
    """1,000 wrong passwords for one account from 50 addresses, 1,000 a minute; other clients read all the time.

    In four parts with a pause after each, so that other load of the machine affects both cases equally.
    """
    quiet, meanwhile = BackgroundReader(system, per_second=50), BackgroundReader(system, per_second=50)
    statuses: Counter[int] = Counter()
    async with http_client(system.base) as web:
        before = await system.hashed(web)
        for _ in range(PARTS):
            async with meanwhile.reading():
                statuses += await _attack(system, system.people[1])
            async with quiet.reading():
                await asyncio.sleep(60 / PARTS)
        reached = await system.hashed(web) - before - 2 * PARTS  # those who read have logged in
    told = ", ".join(f"{count} x {status}" for status, count in sorted(statuses.items()))
    report.goal("1,000 wrong passwords in a minute", "at most 30", f"{reached} hashed ({told})", held=reached <= 30)
    alone, beside = p99(quiet.answers), p99(meanwhile.answers)
    value = f"p99 {alone:.1f} ms without, {beside:.1f} ms meanwhile ({len(meanwhile.answers)} requests each)"
    held = beside <= 1.2 * alone and not meanwhile.refused
    report.goal("others meanwhile", "within 20 %", value, held=held)


async def _attack(system: System, victim: str) -> Counter[int]:
    """One part: five attempts from each address, evenly distributed."""
    statuses: Counter[int] = Counter()

    async def attacker(address: str, delay: float) -> None:
        await asyncio.sleep(delay)
        async with http_client(system.base, address) as web:
            for _ in range(1_000 // len(ATTACKERS) // PARTS):
                statuses[(await log_in(web, victim, WRONG)).status] += 1
                await asyncio.sleep(60 * len(ATTACKERS) / 1_000)

    await asyncio.gather(*(attacker(each, number * 0.06) for number, each in enumerate(ATTACKERS)))
    return statuses


async def rotation(system: System, report: Report) -> None:
    """At least 10,000 requests with tokens that are constantly renewed, while keys are rotated."""
    answers: list[Answer] = []
    kids: set[str] = set()
    done = asyncio.Event()

    async def person(name: str) -> None:
        async with http_client(system.base) as web:
            tokens = (await log_in(web, name)).body
            while not done.is_set():
                kids.add(tokens["access_token"].partition(".")[0])
                answers.extend(
                    [await ask(web, "GET", each, tokens["access_token"]) for each in BackgroundReader.ROUTES * 4]
                )
                renewed = await ask(web, "POST", "/auth/refresh", body={"refresh_token": tokens["refresh_token"]})
                answers.append(renewed)
                tokens = renewed.body
                await asyncio.sleep(0.1)

    people = [asyncio.create_task(person(name)) for name in system.people[2:12]]
    await asyncio.sleep(5)
    print(f"       {await asyncio.to_thread(system.rotate_keys)}", flush=True)
    await until(lambda: len(kids) > 1, seconds=150)
    await asyncio.sleep(35)  # longer than any verifier goes without asking for keys
    await until(lambda: len(answers) >= 10_000, seconds=150)
    done.set()
    await asyncio.gather(*people)
    failed = Counter(each.status for each in answers if each.status != 200)
    value = f"{sum(failed.values())} of {len(answers)} failed {dict(failed) or ''}, {len(kids)} keys signed"
    report.goal("requests while keys are rotated", "0 of 10,000", value, held=not failed and len(answers) >= 10_000)


async def until(condition: Callable[[], bool], seconds: int) -> None:
    """Check once a second; give up after this time."""
    for _ in range(seconds):
        if condition():
            return
        await asyncio.sleep(1)
    raise TimeoutError("what was waited for did not come")


FIGURES: tuple[Callable[[System, Report], Awaitable[None]], ...] = (
    timing, resets, concurrent_logins, refreshes, guesses, rotation,
)  # fmt: skip
