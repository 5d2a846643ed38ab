"""Passwords: argon2id (RFC 9106) in a small separate thread pool, so that logins do not delay other requests."""

import asyncio
import os
import runpy
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from importlib.metadata import distribution
from typing import TypeVar, TypeVarTuple

from anyio import CapacityLimiter, to_thread
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from precis_i18n import get_profile
from prometheus_client import Counter

from shared.errors import Invalid, Unavailable

T = TypeVar("T")
Arguments = TypeVarTuple("Arguments")

MIN_PASSWORD_LENGTH = 8
# Both in characters of the normal form.
MAX_PASSWORD_LENGTH = 128
MAX_WAITING = 32
NO_PASSWORD = "!"  # noqa: S105 - no password
"""In place of the hash, for an account that has no password. No password matches it, in earlier releases either."""
VERIFIED = Counter("passwords_verified_total", "Passwords that were verified against a hash.")
# Threads for the database statements that belong to a password.
THREADS = 4


@cache
def _common() -> frozenset[str]:
    """The passwords that zxcvbn counted most often, read when the first password is chosen."""
    # Only its file of lists is read, without importing the package: that saves 9 MB of memory. To read it takes 6 MB,
    # which a server where nobody signs up never needs.
    file = distribution("zxcvbn").locate_file("zxcvbn/frequency_lists.py")
    lists = runpy.run_path(str(file))["FREQUENCY_LISTS"]
    return frozenset(each for each in lists["passwords"] if len(each) >= MIN_PASSWORD_LENGTH)


_OPAQUE_STRING = get_profile("OpaqueString")


def normalized(password: str) -> str:
    """The normal form, which is hashed: OpaqueString of RFC 8265, section 4.2 (NFC, and one kind of space).

    Only the profile's mappings are applied. Characters that its FreeformClass disallows are accepted: U+200D and U+FE0F
    are among them, which keyboards put into emoji, and API clients may send any text of 8 to 128 characters.
    """
    return _OPAQUE_STRING.apply_five_rules(password)


def check(password: str, field: str) -> None:
    """Raises Invalid for `field` if the password is too short, too long or too common."""
    form = normalized(password)
    if not MIN_PASSWORD_LENGTH <= len(form) <= MAX_PASSWORD_LENGTH:
        raise Invalid.field(field, "invalid_password", "A password has 8 to 128 characters.")
    if unicodedata.normalize("NFKC", form).casefold() in _common() or len(set(form)) == 1:
        raise Invalid.field(field, "common_password", "This password is one of the most common ones.")


def check_not_own(password: str, field: str, own: Iterable[str]) -> None:
    """Raises Invalid for `field` if the password is a handle or name of its owner.

    Case, spaces and punctuation make no difference. Of an email address, the part before the @ counts as well.
    """
    known = {_letters(text) for each in own for text in (each, each.partition("@")[0])}
    if _letters(password) in known - {""}:
        raise Invalid.field(field, "common_password", "A password may not be one's own name, email, nickname or phone.")


def _letters(text: str) -> str:
    """Only the letters and digits, without case."""
    return "".join(each for each in unicodedata.normalize("NFKC", text).casefold() if each.isalnum())


class Passwords:
    """Hashes and verifies: at most one at a time for each core, with a bounded queue.

    The caller takes a slot of the queue first, and keeps it for everything that belongs to the password.
    """

    def __init__(self, memory_kib: int, iterations: int) -> None:
        cores = os.cpu_count() or 1
        self._free_slots = dict.fromkeys((False, True), cores + MAX_WAITING)
        self._hasher = PasswordHasher(time_cost=iterations, memory_cost=memory_kib, parallelism=1)
        self._pool = ThreadPoolExecutor(cores, thread_name_prefix="passwords")
        self._threads = CapacityLimiter(THREADS)
        self._dummy_hash = self._hasher.hash("the password of no account")

    @contextmanager
    def slot(self, *, in_session: bool = False) -> Iterator[None]:
        """A slot of the queue for the duration of the block. Raises Unavailable if none is free.

        Requests with a valid session have as many separate slots, which logins cannot take.
        """
        if not self._free_slots[in_session]:
            raise Unavailable("too_many_logins", "Too many users are logging in right now.", retry_after=2)
        self._free_slots[in_session] -= 1
        try:
            yield
        finally:
            self._free_slots[in_session] += 1

    async def run_in_thread(self, function: Callable[[*Arguments], T], *args: *Arguments) -> T:
        """Run a blocking function in the threads for passwords, so that logins take no thread from other requests."""
        return await to_thread.run_sync(function, *args, limiter=self._threads)

    async def hash(self, password: str) -> str:
        """A new hash of the normal form, with its salt and parameters inside."""
        form = normalized(password)
        return await self._run(lambda: self._hasher.hash(form))

    async def verify(self, password: str, password_hash: str | None) -> str | None:
        """The form of the password that matches the hash, or None if it is wrong.

        That is the normal form, or the given one if the hash is from before passwords were normalized. Without a hash
        (no such account, or `NO_PASSWORD`) it costs the same and is wrong.
        """
        if password_hash == NO_PASSWORD:
            password_hash = None
        forms = [each for each in dict.fromkeys((normalized(password), password)) if len(each) <= MAX_PASSWORD_LENGTH]
        matching = (
            await self._run(lambda: self._first_match(forms, password_hash or self._dummy_hash)) if forms else None
        )
        return matching if password_hash is not None else None

    def is_outdated(self, password_hash: str) -> bool:
        """Whether the hash was made with other parameters than the current ones."""
        return self._hasher.check_needs_rehash(password_hash)

    def close(self) -> None:
        """End the threads."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _first_match(self, forms: list[str], password_hash: str) -> str | None:
        VERIFIED.inc()
        return next((each for each in forms if self._matches(each, password_hash)), None)

    def _matches(self, password: str, password_hash: str) -> bool:
        try:
            return self._hasher.verify(password_hash, password)
        except (VerificationError, InvalidHashError):
            return False

    async def _run(self, work: Callable[[], T]) -> T:
        # Awaited, so that a request in the queue takes no thread from others.
        return await asyncio.get_running_loop().run_in_executor(self._pool, work)
