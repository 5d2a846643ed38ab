"""Whose count a request is in: a person's or an address', so that nobody is stopped by what strangers do."""

from collections.abc import Callable

import httpx
import pytest

from gateway.rate_limit.rate_limits import NETWORKS_PER_SITE
from shared import clock, ids
from shared.security.access_tokens import LOGIN_LIMITED_HEADER

from .house import House, open_house
from .stub import answering
from .test_rates import DAY, LOGIN, ME, look_around, look_at_a_picture, read_the_feed, refresh, refused

DELETION = "/api/v1/users/me/deletion"
OPTIONAL = ("/api/v1/posts", "/api/v1/posts/a", "/api/v1/users/a/posts")
PUBLIC = (
    *OPTIONAL,
    "/api/v1/users",
    "/api/v1/users/a",
    "/api/v1/users/by-nickname/a",
    "/api/v1/users/a/followers",
    "/api/v1/users/a/following",
    "/api/v1/users/a/counts",
    "/api/v1/posts/a/likes",
    "/api/v1/posts/a/comments",
    "/api/v1/comments/a/replies",
)


def attempt(house: House, person: int, method: str, path: str) -> httpx.Response:
    """Give a password, with the token of this person."""
    return house.web.request(method, path, json={}, headers=house.token_issuer.bearer(person))


def change(house: House, person: int) -> httpx.Response:
    return attempt(house, person, "PATCH", ME)


def withdraw(house: House, person: int) -> httpx.Response:
    return attempt(house, person, "POST", DELETION)


def log_in(house: House, person: int) -> httpx.Response:
    return attempt(house, person, "POST", LOGIN)


def exhaust(house: House, path: str, status: int, give: Callable[[House, int], httpx.Response]) -> None:
    """Give as many wrong passwords as are allowed; those after it would be right."""
    house.services.behaviours[path] = answering(status)
    assert [give(house, 1).status_code for _ in range(5)] == [status] * 5
    house.services.behaviours[path] = answering(200)


@pytest.mark.parametrize(("path", "give"), [(ME, change), (DELETION, withdraw)])
def test_after_so_many_wrong_passwords_of_a_person_they_may_try_no_more(
    path: str, give: Callable[[House, int], httpx.Response]
) -> None:
    with open_house(rate_passwords=DAY) as house:
        exhaust(house, path, 403, give)
        assert refused(give(house, 1)), "a right one is not tried either"
        assert len(house.services.at(path)) == 5
        assert refused(change(house, 1)) and refused(withdraw(house, 1))
        others = [read_the_feed(house), change(house, 2), withdraw(house, 2), log_in(house, 1)]
        assert [answer.status_code for answer in others] == [200] * 4


def limited_seconds(house: House) -> list[str]:
    """What auth was told with the last login: for how long only known networks may log in, if at all."""
    return house.services.at(LOGIN)[-1].all(LOGIN_LIMITED_HEADER)


def test_after_too_many_wrong_passwords_from_an_address_auth_admits_only_who_is_known_there() -> None:
    with open_house(rate_passwords=DAY) as house:
        exhaust(house, LOGIN, 401, log_in)
        assert limited_seconds(house) == []
        for person in (1, 2):
            assert log_in(house, person).status_code == 200, "auth decides"
            (seconds,) = limited_seconds(house)
            assert 0 < int(seconds) <= 86_400, "a token does not buy more of them"
        house.services.behaviours[LOGIN] = answering(429, retry_after="86400")
        answer = house.web.post(LOGIN, json={}, headers={LOGIN_LIMITED_HEADER: "1"})
        assert (answer.status_code, answer.headers["retry-after"]) == (429, "86400")
        assert answer.headers["ratelimit"].startswith('"passwords";r=0;t=')
        assert len(limited_seconds(house)) == 1, "what a client says about it is not passed on"
        signed_in = [change(house, 1), withdraw(house, 1), refresh(house), look_around(house)]
        assert [answer.status_code for answer in signed_in] == [200] * 4, "nobody who is signed in is stopped by it"


def test_what_strangers_of_an_address_ask_does_not_count_for_who_is_signed_in() -> None:
    with open_house(rate_anonymous=DAY, rate_pictures=DAY) as house:
        for ask in (look_around, look_at_a_picture):
            while not refused(ask(house)):
                pass
        assert house.web.post(LOGIN, json={}).status_code == 200, "one can log in"
        assert limited_seconds(house) == []
        assert refresh(house).status_code == 200, "the session goes on"
        for path in PUBLIC:
            answer = house.web.get(path, headers=house.token_issuer.bearer(1))
            assert answer.status_code == 200, path
            assert answer.headers["ratelimit-policy"].startswith('"person"')
        picture = house.web.get("/api/v1/media/a.jpg", headers=house.token_issuer.bearer(1))
        assert (picture.status_code, picture.headers["x-ratelimit-remaining"]) == (200, "4"), "pictures have their own"


def test_the_token_of_a_public_route_is_not_passed_on() -> None:
    with open_house() as house:
        for path in PUBLIC:
            house.web.get(path, headers=house.token_issuer.bearer(1))
            passed_on = bool(house.services.at(path)[-1].all("authorization"))
            assert passed_on == (path in OPTIONAL), path


@pytest.mark.parametrize("token", ["nonsense", "a.b.c"])
def test_a_bad_token_at_a_public_route_is_as_good_as_none(token: str) -> None:
    with open_house(rate_anonymous="1/day") as house:
        given = {"authorization": f"Bearer {token}"}
        assert house.web.get("/api/v1/users/a", headers=given).status_code == 200
        assert refused(house.web.get("/api/v1/users/a", headers=given))


def test_a_revoked_token_at_a_public_route_is_as_good_as_none() -> None:
    with open_house(rate_anonymous="1/day") as house:
        assert house.hears("user.deleted", {"user_id": ids.encode(1), "deleted_at": clock.format_rfc3339(clock.now())})
        answer = house.web.get("/api/v1/users/a", headers=house.token_issuer.bearer(1))
        assert (answer.status_code, answer.headers["ratelimit-policy"]) == (200, '"anonymous";q=1;w=86400')


def behind_a_proxy(house: House, address: str, path: str = "/api/v1/auth/signup") -> httpx.Response:
    return house.web.post(path, json={}, headers={"x-forwarded-for": address})


def networks(site: str) -> list[str]:
    """An address in each of more networks than a site may use up."""
    return [f"{site}:{number:x}::1" for number in range(NETWORKS_PER_SITE + 2)]


def test_an_ipv6_site_does_not_have_a_limit_for_each_of_its_networks() -> None:
    with open_house(rate_signups="2/day", rate_logins="2/day", trusted_proxies=["127.0.0.0/8"]) as house:
        for path in ("/api/v1/auth/signup", LOGIN):
            answers = [behind_a_proxy(house, address, path) for address in networks("2001:db8:1") * 2]
            served = [answer for answer in answers if answer.status_code != 429]
            assert len(served) == 2 * NETWORKS_PER_SITE
            assert refused(answers[-1])
            assert answers[-1].headers["x-ratelimit-limit"] == str(2 * NETWORKS_PER_SITE)
            assert not refused(behind_a_proxy(house, "2001:db8:2::1", path)), "another site"
            assert not refused(behind_a_proxy(house, "198.51.100.7", path))


def test_wrong_passwords_are_counted_by_ipv6_site_too() -> None:
    with open_house(rate_passwords="2/day", trusted_proxies=["127.0.0.0/8"]) as house:
        house.services.behaviours[LOGIN] = answering(401)
        limited = []
        for address in networks("2001:db8:1") * 2:
            behind_a_proxy(house, address, LOGIN)
            limited.append(bool(limited_seconds(house)))
        assert limited == [False] * 2 * NETWORKS_PER_SITE + [True] * 4
        behind_a_proxy(house, "2001:db8:2::1", LOGIN)
        assert limited_seconds(house) == [], "another site"


def test_one_network_does_not_use_up_what_its_site_has() -> None:
    with open_house(rate_signups="2/day", trusted_proxies=["127.0.0.0/8"]) as house:
        for _ in range(3 * NETWORKS_PER_SITE):
            behind_a_proxy(house, "2001:db8:1:1::1")
        assert behind_a_proxy(house, "2001:db8:1:2::1").status_code == 200
