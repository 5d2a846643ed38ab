"""Passwords: validation, and hashing in a separate thread pool with a bounded queue."""

import asyncio
import threading
from collections.abc import Iterator

import pytest

from services.auth import passwords
from services.auth.passwords import MAX_WAITING, Passwords
from shared.errors import Invalid, Unavailable
from shared.testing.waiting import WAIT_SECONDS

PASSWORD = "correct horse battery"


@pytest.fixture
def cheap() -> Iterator[Passwords]:
    """Cheap hashes."""
    made = Passwords(memory_kib=8, iterations=1)
    yield made
    made.close()


@pytest.mark.parametrize(
    "password", ["12345678ab", "p" * 127 + "q", "pässwörter", "秘密の言葉です。長い", "with some spaces"]
)
def test_password_of_8_to_128_characters_is_accepted(password: str) -> None:
    passwords.check(password, "password")


@pytest.mark.parametrize("password", ["", "1234567", "pq" * 64 + "r"])
def test_shorter_or_longer_password_is_refused(password: str) -> None:
    with pytest.raises(Invalid) as refusal:
        passwords.check(password, "new_password")
    assert refusal.value.code == "invalid_password"
    assert refusal.value.field_errors[0].pointer == "/new_password"


@pytest.mark.parametrize("password", ["password", "PassWord", "12345678", "iloveyou", "qwertyuiop", "zzzzzzzzzzzz"])
def test_common_password_is_refused(password: str) -> None:
    with pytest.raises(Invalid) as refusal:
        passwords.check(password, "password")
    assert refusal.value.code == "common_password"


def test_only_the_correct_password_is_verified(cheap: Passwords) -> None:
    kept = asyncio.run(cheap.hash(PASSWORD))
    assert PASSWORD not in kept
    assert asyncio.run(cheap.verify(PASSWORD, kept))
    assert not asyncio.run(cheap.verify(PASSWORD + "!", kept))


def test_equal_passwords_have_different_hashes(cheap: Passwords) -> None:
    assert asyncio.run(cheap.hash(PASSWORD)) != asyncio.run(cheap.hash(PASSWORD))


def test_malformed_hash_matches_no_password(cheap: Passwords) -> None:
    assert not asyncio.run(cheap.verify(PASSWORD, "no hash at all"))


def test_dummy_hash_of_equal_cost_is_verified_without_an_account(
    cheap: Passwords, monkeypatch: pytest.MonkeyPatch
) -> None:
    verified: list[str] = []
    matches = cheap._matches

    def watched(password: str, password_hash: str) -> bool:
        verified.append(password_hash)
        return matches(password, password_hash)

    monkeypatch.setattr(cheap, "_matches", watched)
    assert not asyncio.run(cheap.verify(PASSWORD, None))
    assert not asyncio.run(cheap.verify("the password of no account", None)), "nobody has no password"
    assert len(verified) == 2
    kept = asyncio.run(cheap.hash(PASSWORD))
    assert verified[0].rpartition("$p=")[0] == kept.rpartition("$p=")[0], "the same kind, memory and iterations"


@pytest.mark.parametrize("password", ["x" * 129, "x" * 1_000_000])
def test_too_long_password_is_refused_without_hashing(
    cheap: Passwords, monkeypatch: pytest.MonkeyPatch, password: str
) -> None:
    monkeypatch.setattr(cheap, "_matches", lambda *_: pytest.fail("it was hashed"))
    assert not asyncio.run(cheap.verify(password, None))


def test_hash_of_another_cost_is_outdated(cheap: Passwords) -> None:
    dearer = Passwords(memory_kib=16, iterations=1)
    kept = asyncio.run(cheap.hash(PASSWORD))
    assert not cheap.is_outdated(kept)
    assert dearer.is_outdated(kept)
    assert asyncio.run(dearer.verify(PASSWORD, kept)), "it is still good"
    dearer.close()


def test_requests_above_the_queue_limit_are_refused_with_retry_after(
    cheap: Passwords, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on = threading.Event()
    monkeypatch.setattr(cheap, "_matches", lambda *_: go_on.wait(WAIT_SECONDS))

    async def in_line() -> str | None:
        with cheap.slot():
            return await cheap.verify(PASSWORD, "hash")

    async def hash_all() -> list[object]:
        many = [asyncio.create_task(in_line()) for _ in range(MAX_WAITING + 100)]
        await asyncio.wait(many, return_when=asyncio.FIRST_EXCEPTION)
        go_on.set()
        return await asyncio.gather(*many, return_exceptions=True)

    outcomes = asyncio.run(hash_all())
    turned_away = [each for each in outcomes if isinstance(each, Unavailable)]
    assert turned_away and turned_away[0].code == "too_many_logins" and turned_away[0].retry_after == 2
    assert outcomes.count(PASSWORD) == len(outcomes) - len(turned_away) > MAX_WAITING
    assert asyncio.run(in_line()) == PASSWORD, "afterwards there is room again"
