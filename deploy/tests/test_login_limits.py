"""The limit of wrong passwords by address, for an account owner who shares the address with an attacker."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from deploy.tests.journeys.person import API, Person
from deploy.tests.journeys.responses import answer, refusal
from deploy.tests.standalone_process import CHEAP_HASHES, ForkedStandalone
from shared.testing.waiting import WAIT_SECONDS

LIMITS = {"RATE_PASSWORDS": "25/day", "RATE_LOGINS": "3000/day", "RATE_ANONYMOUS": "300/day"}
"""Those of production, in windows that do not end during the test."""
PROXY = {"TRUSTED_PROXIES": '["127.0.0.0/8"]'}
OFFICE, ELSEWHERE = "198.51.100.7", "203.0.113.5"


@pytest.fixture
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """All clients have the same address, unless a request says otherwise."""
    data = tmp_path_factory.mktemp("limits") / "data"
    with (
        ForkedStandalone(data, settings=CHEAP_HASHES | LIMITS | PROXY).served() as standalone,
        httpx.Client(base_url=standalone.base_url, headers={"x-forwarded-for": OFFICE}, timeout=WAIT_SECONDS) as client,
    ):
        yield client


def test_known_user_can_log_in_from_an_address_after_a_thousand_wrong_passwords(
    web: httpx.Client,
) -> None:
    owner = Person.newcomer(web)
    other = Person(web)
    answer(web.post(f"{API}/auth/signup", json=other.details(), headers={"x-forwarded-for": ELSEWHERE}), 201)

    def guess(number: int) -> int:
        body = {"identifier": f"victim{number}", "password": "wrong password"}
        return web.post(f"{API}/auth/login", json=body).status_code

    with ThreadPoolExecutor(8) as users:
        statuses = list(users.map(guess, range(1_000)))
    assert set(statuses) <= {401, 429, 503}
    assert 25 <= statuses.count(401) <= 25 + 8, "those that were under way at the same time"
    for identifier in (owner.nickname, owner.email):
        body = {"identifier": identifier, "password": owner.password}
        answer(web.post(f"{API}/auth/login", json=body), 200)
    body = {"identifier": other.nickname, "password": other.password}
    refusal(web.post(f"{API}/auth/login", json=body), 429, "rate_limited")
    answer(web.post(f"{API}/auth/login", json=body, headers={"x-forwarded-for": ELSEWHERE}), 200)
