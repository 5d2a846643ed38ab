"""The cache of verified tokens: a valid token is verified once, until it expires."""

import asyncio
import time

import pytest
import time_machine

from shared.errors import Unauthenticated
from shared.security.verifier import LEEWAY_SECONDS, CachingTokenVerifier, Identity, JwksClient, TokenVerifier
from shared.testing import FakeTokenIssuer
from shared.tests.forged_tokens import Forger, forgeries

MINTER = FakeTokenIssuer()
FORGED = dict(forgeries(Forger(MINTER.key, MINTER.kid)))


class Counting(TokenVerifier):
    """Counts its calls."""

    asked = 0

    async def verify(self, token: str) -> Identity:
        self.asked += 1
        return await super().verify(token)


def counting() -> Counting:
    return Counting(JwksClient(MINTER.key_set), issuer="shutter", audience="shutter")


def test_valid_token_is_verified_once_and_an_invalid_one_every_time() -> None:
    verifier = counting()
    remembered = CachingTokenVerifier(verifier)
    good, bad = MINTER.token(subject=7), next(iter(FORGED.values()))
    assert [asyncio.run(remembered.verify(good)).subject for _ in range(3)] == [7, 7, 7]
    assert verifier.asked == 1
    for _ in range(2):
        with pytest.raises(Unauthenticated):
            asyncio.run(remembered.verify(bad))
    assert verifier.asked == 3


def test_cached_token_expires() -> None:
    verifier, now = counting(), int(time.time())
    remembered = CachingTokenVerifier(verifier)
    token = MINTER.token(subject=7, iat=now - 60, exp=now + 60)
    with time_machine.travel(now + 60 + LEEWAY_SECONDS - 1, tick=False):
        assert asyncio.run(remembered.verify(token)).subject == 7
    with time_machine.travel(now + 60 + LEEWAY_SECONDS, tick=False), pytest.raises(Unauthenticated):
        asyncio.run(remembered.verify(token))
    assert verifier.asked == 2


def test_cache_size_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.security.verifier.MAX_CACHED_TOKENS", 2)
    verifier = counting()
    remembered = CachingTokenVerifier(verifier)
    first, *others = (MINTER.token(subject=each) for each in range(1, 4))
    for token in (first, *others, *others, first):
        asyncio.run(remembered.verify(token))
    assert verifier.asked == 4


def test_cache_contains_only_token_hashes() -> None:
    remembered = CachingTokenVerifier(counting())
    token = MINTER.token(subject=1)
    asyncio.run(remembered.verify(token))
    assert token not in repr(remembered._known)
