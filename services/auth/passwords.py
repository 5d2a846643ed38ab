"""Passwords: argon2id (RFC 9106) in a small pool of its own, so that logins never starve everything else."""

import asyncio
import os
import runpy
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from importlib.metadata import distribution
from typing import TypeVar, TypeVarTuple

from anyio import CapacityLimiter, to_thread
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from prometheus_client import Counter

from shared.errors import Invalid, Unavailable

T = TypeVar("T")
Arguments = TypeVarTuple("Arguments")

SHORTEST = 8
LONGEST = 128
LONGEST_BYTES = 1_024
WAITING = 32
VERIFIED = Counter("passwords_verified_total", "Passwords that were held against a hash.")
THREADS = 4
"""In which the database is asked what belongs to a password."""


def _common() -> frozenset[str]:
    """What zxcvbn counted most often. Only its one file of lists is read, and let go again: that takes 9 MB less."""
    file = distribution("zxcvbn").locate_file("zxcvbn/frequency_lists.py")
    lists = runpy.run_path(str(file))["FREQUENCY_LISTS"]
    return frozenset(each for each in lists["passwords"] if len(each) >= SHORTEST)


COMMON = _common()


def check(password: str, field: str) -> None:
    """Whether a new password is acceptable. Raises Invalid for `field`."""
    if not SHORTEST <= len(password) <= LONGEST or len(password.encode()) > LONGEST_BYTES:
        raise Invalid.field(field, "invalid_password", "A password has 8 to 128 characters.")
    if password.lower() in COMMON or len(set(password)) == 1:
        raise Invalid.field(field, "common_password", "This password is among the first that anybody would try.")


class Passwords:
    """Hashes and verifies. At most as many at once as there are cores, and a bounded line waiting.

    Whoever hashes or verifies takes a place in the line first, and keeps it for all that belongs to it.
    """

    def __init__(self, memory_kib: int, iterations: int) -> None:
        cores = os.cpu_count() or 1
        self._places = cores + WAITING
        self._hasher = PasswordHasher(time_cost=iterations, memory_cost=memory_kib, parallelism=1)
        self._pool = ThreadPoolExecutor(cores, thread_name_prefix="passwords")
        self._threads = CapacityLimiter(THREADS)
        self._nobody = self._hasher.hash("the password of nobody")

    @contextmanager
    def place(self) -> Iterator[None]:
        """A place in the line as long as the block lasts. Raises Unavailable where none is left."""
        if not self._places:
            raise Unavailable("too_many_logins", "Too many are logging in at this moment.", retry_after=2)
        self._places -= 1
        try:
            yield
        finally:
            self._places += 1

    async def beside(self, function: Callable[[*Arguments], T], *args: *Arguments) -> T:
        """Run a blocking function on a thread of those in the line, so that a crowd keeps none from who only reads."""
        return await to_thread.run_sync(function, *args, limiter=self._threads)

    async def hash(self, password: str) -> str:
        """A fresh hash with its salt and parameters inside."""
        return await self._run(lambda: self._hasher.hash(password))

    async def verify(self, password: str, password_hash: str | None) -> bool:
        """Whether the password is right. Without a hash (no such account) it costs the same and is wrong."""
        if len(password) > LONGEST or len(password.encode("utf-8", "replace")) > LONGEST_BYTES:
            return False
        right = await self._run(lambda: self._matches(password, password_hash or self._nobody))
        return right and password_hash is not None

    def is_outdated(self, password_hash: str) -> bool:
        """Whether it was made with parameters that are no longer ours."""
        return self._hasher.check_needs_rehash(password_hash)

    def close(self) -> None:
        """End the threads."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _matches(self, password: str, password_hash: str) -> bool:
        VERIFIED.inc()
        try:
            return self._hasher.verify(password_hash, password)
        except (VerificationError, InvalidHashError):
            return False

    async def _run(self, work: Callable[[], T]) -> T:
        """Awaited, so that those who wait here keep no thread from those who only read."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, work)
