"""The keys of rate limits: a user or an address, so that strangers cannot use up a user's limits."""

from collections.abc import Callable

import httpx
import pytest

from gateway.rate_limit.rate_limits import NETWORKS_PER_SITE
from shared import clock, ids
from shared.security.access_tokens import LOGIN_LIMITED_HEADER

from .gateway_server import LiveGateway, live_gateway
from .stub_services import answering
from .test_rate_limits import DAY, LOGIN, ME, look_around, look_at_a_picture, read_the_feed, refresh, refused

DELETION = "/api/v1/users/me/deletion"
OPTIONAL = (
    "/api/v1/posts",
    "/api/v1/posts/a",
    "/api/v1/users/a/posts",
    "/api/v1/users",
    "/api/v1/users/a",
    "/api/v1/users/by-nickname/a",
    "/api/v1/users/a/followers",
    "/api/v1/users/a/following",
    "/api/v1/users/a/counts",
    "/api/v1/posts/a/likes",
    "/api/v1/posts/a/comments",
    "/api/v1/comments/a/replies",
    "/api/v1/comments/a/likes",
)
PUBLIC = (*OPTIONAL, "/api/v1/limits", "/api/v1/auth/providers")


def attempt(live: LiveGateway, person: int, method: str, path: str) -> httpx.Response:
    """Send a password, with the token of this user."""
    return live.web.request(method, path, json={}, headers=live.token_issuer.bearer(person))


def change(live: LiveGateway, person: int) -> httpx.Response:
    return attempt(live, person, "PATCH", ME)


def withdraw(live: LiveGateway, person: int) -> httpx.Response:
    return attempt(live, person, "POST", DELETION)


def log_in(live: LiveGateway, person: int) -> httpx.Response:
    return attempt(live, person, "POST", LOGIN)


def exhaust(live: LiveGateway, path: str, status: int, give: Callable[[LiveGateway, int], httpx.Response]) -> None:
    """Send as many wrong passwords as are allowed; later ones would be correct."""
    live.services.behaviours[path] = answering(status)
    assert [give(live, 1).status_code for _ in range(5)] == [status] * 5
    live.services.behaviours[path] = answering(200)


@pytest.mark.parametrize(("path", "give"), [(ME, change), (DELETION, withdraw)])
def test_wrong_passwords_of_a_user_are_limited(path: str, give: Callable[[LiveGateway, int], httpx.Response]) -> None:
    with live_gateway(rate_passwords=DAY) as live:
        exhaust(live, path, 403, give)
        assert refused(give(live, 1)), "a right one is not tried either"
        assert len(live.services.at(path)) == 5
        assert refused(change(live, 1)) and refused(withdraw(live, 1))
        others = [read_the_feed(live), change(live, 2), withdraw(live, 2), log_in(live, 1)]
        assert [answer.status_code for answer in others] == [200] * 4


def limited_seconds(live: LiveGateway) -> list[str]:
    """The header that auth got with the last login: seconds during which only known networks may log in."""
    return live.services.at(LOGIN)[-1].all(LOGIN_LIMITED_HEADER)


def test_address_over_the_password_limit_is_reported_to_auth() -> None:
    with live_gateway(rate_passwords=DAY) as live:
        exhaust(live, LOGIN, 401, log_in)
        assert limited_seconds(live) == []
        for person in (1, 2):
            assert log_in(live, person).status_code == 200, "auth decides"
            (seconds,) = limited_seconds(live)
            assert 0 < int(seconds) <= 86_400, "a token does not buy more of them"
        live.services.behaviours[LOGIN] = answering(429, retry_after="86400")
        answer = live.web.post(LOGIN, json={}, headers={LOGIN_LIMITED_HEADER: "1"})
        assert (answer.status_code, answer.headers["retry-after"]) == (429, "86400")
        assert answer.headers["ratelimit"].startswith('"passwords";r=0;t=')
        assert len(limited_seconds(live)) == 1, "what a client says about it is not passed on"
        signed_in = [change(live, 1), withdraw(live, 1), refresh(live), look_around(live)]
        assert [answer.status_code for answer in signed_in] == [200] * 4, "nobody who is signed in is stopped by it"


def test_rate_limits_are_sent_to_the_route_that_tells_clients_of_limits_and_to_no_other() -> None:
    policy, said = "ratelimit-policy", {"ratelimit-policy": '"uploads";q=1;w=1'}
    with live_gateway(rate_uploads="30/30minute", rate_person="1500/5minute") as live:
        live.web.get("/api/v1/limits", headers=said)
        (sent,) = live.services.at("/api/v1/limits")[-1].all(policy)
        assert '"uploads";q=30;w=1800' in sent and '"person";q=1500;w=300' in sent and "q=1;" not in sent
        live.web.get("/api/v1/posts", headers=said)
        assert live.services.at("/api/v1/posts")[-1].all(policy) == []


def test_anonymous_requests_do_not_use_the_limit_of_a_logged_in_user() -> None:
    with live_gateway(rate_anonymous=DAY, rate_pictures=DAY) as live:
        for ask in (look_around, look_at_a_picture):
            while not refused(ask(live)):
                pass
        assert live.web.post(LOGIN, json={}).status_code == 200, "one can log in"
        assert limited_seconds(live) == []
        assert refresh(live).status_code == 200, "the session goes on"
        for path in PUBLIC:
            answer = live.web.get(path, headers=live.token_issuer.bearer(1))
            assert answer.status_code == 200, path
            assert answer.headers["ratelimit-policy"].startswith('"person"')
        picture = live.web.get("/api/v1/media/a.jpg", headers=live.token_issuer.bearer(1))
        assert (picture.status_code, picture.headers["x-ratelimit-remaining"]) == (200, "4"), "pictures have their own"


def test_token_of_a_public_route_is_not_forwarded() -> None:
    with live_gateway() as live:
        for path in PUBLIC:
            live.web.get(path, headers=live.token_issuer.bearer(1))
            passed_on = bool(live.services.at(path)[-1].all("authorization"))
            assert passed_on == (path in OPTIONAL), path


@pytest.mark.parametrize("token", ["nonsense", "a.b.c"])
def test_invalid_token_on_a_public_route_counts_as_anonymous(token: str) -> None:
    with live_gateway(rate_anonymous="1/day") as live:
        given = {"authorization": f"Bearer {token}"}
        assert live.web.get("/api/v1/auth/providers", headers=given).status_code == 200
        assert refused(live.web.get("/api/v1/auth/providers", headers=given))


def test_revoked_token_on_a_public_route_counts_as_anonymous() -> None:
    with live_gateway(rate_anonymous="1/day") as live:
        assert live.deliver("user.deleted", {"user_id": ids.encode(1), "deleted_at": clock.format_rfc3339(clock.now())})
        answer = live.web.get("/api/v1/auth/providers", headers=live.token_issuer.bearer(1))
        assert (answer.status_code, answer.headers["ratelimit-policy"]) == (200, '"anonymous";q=1;w=86400')


def behind_a_proxy(live: LiveGateway, address: str, path: str = "/api/v1/auth/signup") -> httpx.Response:
    return live.web.post(path, json={}, headers={"x-forwarded-for": address})


def networks(site: str) -> list[str]:
    """An address in each of more networks than the limit of a site allows."""
    return [f"{site}:{number:x}::1" for number in range(NETWORKS_PER_SITE + 2)]


def test_ipv6_site_has_one_limit_for_all_its_networks() -> None:
    with live_gateway(rate_signups="2/day", rate_logins="2/day", trusted_proxies=["127.0.0.0/8"]) as live:
        for path in ("/api/v1/auth/signup", LOGIN):
            answers = [behind_a_proxy(live, address, path) for address in networks("2001:db8:1") * 2]
            served = [answer for answer in answers if answer.status_code != 429]
            assert len(served) == 2 * NETWORKS_PER_SITE
            assert refused(answers[-1])
            assert answers[-1].headers["x-ratelimit-limit"] == str(2 * NETWORKS_PER_SITE)
            assert not refused(behind_a_proxy(live, "2001:db8:2::1", path)), "another site"
            assert not refused(behind_a_proxy(live, "198.51.100.7", path))


def test_wrong_passwords_are_also_counted_by_ipv6_site() -> None:
    with live_gateway(rate_passwords="2/day", trusted_proxies=["127.0.0.0/8"]) as live:
        live.services.behaviours[LOGIN] = answering(401)
        limited = []
        for address in networks("2001:db8:1") * 2:
            behind_a_proxy(live, address, LOGIN)
            limited.append(bool(limited_seconds(live)))
        assert limited == [False] * 2 * NETWORKS_PER_SITE + [True] * 4
        behind_a_proxy(live, "2001:db8:2::1", LOGIN)
        assert limited_seconds(live) == [], "another site"


def test_one_ipv6_network_does_not_use_the_whole_limit_of_its_site() -> None:
    with live_gateway(rate_signups="2/day", trusted_proxies=["127.0.0.0/8"]) as live:
        for _ in range(3 * NETWORKS_PER_SITE):
            behind_a_proxy(live, "2001:db8:1:1::1")
        assert behind_a_proxy(live, "2001:db8:1:2::1").status_code == 200
