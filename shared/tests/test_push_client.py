"""Requests to push services, on sockets: what is sent, what their answers mean, and where no request goes."""

import asyncio
import email.utils
import socket
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from shared.push.client import (
    PushClient,
    PushDeferred,
    PushFailed,
    PushGone,
    PushRefused,
    PushRequest,
    resolve,
    seconds_of,
)
from shared.push.encryption import BrowserKeys, encrypt
from shared.push.vapid import VapidKey
from shared.testing.push_service import Browser, PushService, running_push_service

KEY = VapidKey(b"k" * 64, "mailto:admin@example.org")


@pytest.fixture
def push_service(tmp_path: Path) -> Iterator[PushService]:
    with running_push_service(tmp_path) as service:
        yield service


@pytest.fixture
def client(push_service: PushService) -> PushClient:
    return PushClient(KEY, local_ca=str(push_service.certificate))


def sent(client: PushClient, url: str, body: bytes = b"x") -> PushFailed | None:
    """What became of a message to this URL; None: it was accepted."""

    async def send() -> PushFailed | None:
        try:
            await client.send(url, PushRequest(body, "0037a52d5f400003", 3_600))
        except PushFailed as problem:
            return problem
        finally:
            await client.close()
        return None

    return asyncio.run(send())


def test_push_arrives_signed_encrypted_and_with_its_topic(client: PushClient, push_service: PushService) -> None:
    browser = Browser("/wpush/v2/abc?d=e")
    body = encrypt(b'{"kind": "follow"}', BrowserKeys(browser.point, browser.auth))
    assert sent(client, push_service.url + browser.path, body) is None
    assert push_service.decrypted_for(browser) == [{"kind": "follow"}]
    (received,) = push_service.received
    expected = {"ttl": "3600", "topic": "0037a52d5f400003", "urgency": "normal", "content-encoding": "aes128gcm"}
    assert expected.items() <= received.headers.items()
    assert received.headers["host"] == push_service.url.removeprefix("https://")
    assert received.claims["sub"] == "mailto:admin@example.org" and received.key == KEY.public_key


@pytest.mark.parametrize(
    ("status", "headers", "kind", "retry_after"),
    [
        (404, {}, PushGone, None),
        (410, {}, PushGone, None),
        (429, {"retry-after": "120"}, PushDeferred, 120),
        (429, {}, PushDeferred, None),
        (503, {"retry-after": "7"}, PushDeferred, 7),
        (500, {}, PushDeferred, None),
        (400, {}, PushRefused, None),
        (413, {}, PushRefused, None),
        (301, {"location": "/elsewhere"}, PushRefused, None),
        (307, {"location": "/elsewhere"}, PushRefused, None),
        (308, {"location": "http://169.254.169.254/latest/meta-data"}, PushRefused, None),
    ],
)
def test_what_the_answer_of_a_push_service_means(
    client: PushClient,
    push_service: PushService,
    status: int,
    headers: dict[str, str],
    kind: type[PushFailed],
    retry_after: int | None,
) -> None:
    push_service.answers["/x"] = status, headers
    problem = sent(client, push_service.url + "/x")
    assert type(problem) is kind and problem.retry_after == retry_after
    assert [each.path for each in push_service.received] == ["/x"], "no redirect is followed"


def test_too_large_push_is_refused(client: PushClient, push_service: PushService) -> None:
    assert isinstance(sent(client, push_service.url + "/x", bytes(5_000)), PushRefused)


def test_push_service_that_hangs_takes_a_bounded_time(client: PushClient, push_service: PushService) -> None:
    push_service.hanging.add("/x")
    client.patience = 0.1
    problem = sent(client, push_service.url + "/x")
    assert isinstance(problem, PushDeferred) and str(problem) in ("timeout", "ReadTimeout", "ConnectTimeout")


def test_push_service_that_is_away_is_asked_again(push_service: PushService) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        client = PushClient(KEY, local_ca=str(push_service.certificate))
        assert isinstance(sent(client, f"https://127.0.0.1:{unused.getsockname()[1]}/x"), PushDeferred)


def test_certificate_has_to_be_trusted_and_of_the_host(push_service: PushService, tmp_path: Path) -> None:
    with running_push_service(tmp_path_of(tmp_path)) as other:
        client = PushClient(KEY, local_ca=str(other.certificate))
        assert isinstance(sent(client, push_service.url + "/x"), PushDeferred), "another certificate"
    client = PushClient(KEY, local_ca=str(push_service.certificate))
    by_name = push_service.url.replace("127.0.0.1", "localhost")
    assert isinstance(sent(client, by_name + "/x"), PushDeferred), "it names only the address"
    assert push_service.received == [] and push_service.connections > 0


def tmp_path_of(folder: Path) -> Path:
    other = folder / "other"
    other.mkdir()
    return other


def resolving(*addresses: str) -> PushClient:
    """A client for which every name has these addresses."""

    async def resolve(_host: str, _port: int) -> Sequence[str]:
        return addresses

    return PushClient(KEY, resolve=resolve)


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "10.1.2.3", "169.254.169.254", "100.64.1.1", "::1", "fd00::1", "::ffff:10.0.0.1"]
)
def test_name_that_leads_into_the_network_is_refused(address: str) -> None:
    for addresses in ([address], ["8.8.8.8", address]):
        assert isinstance(sent(resolving(*addresses), "https://push.example.com/x"), PushRefused)


@pytest.mark.parametrize("url", ["https://127.0.0.1/x", "https://0x7f000001/x", "http://push.example.com/x"])
def test_url_that_is_not_public_is_refused_before_it_is_resolved(url: str) -> None:
    assert isinstance(sent(resolving("8.8.8.8"), url), PushRefused)


def test_connection_goes_to_the_address_that_was_checked(push_service: PushService) -> None:
    """A name that leads elsewhere at the second look (DNS rebinding): there is no second look."""
    asked = []

    async def resolve(host: str, _port: int) -> Sequence[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["10.0.0.1"]

    client = PushClient(KEY, local_ca=str(push_service.certificate), resolve=resolve)
    assert sent(client, push_service.url + "/x") is None
    assert asked == ["127.0.0.1"] and len(push_service.received) == 1


def test_forms_of_addresses_are_resolved_to_what_is_checked() -> None:
    for form in ("127.1", "2130706433", "0x7f000001", "0177.0.0.1"):
        assert asyncio.run(resolve(form, 443)) == ["127.0.0.1"]


def test_retry_after_is_seconds_or_a_date_and_bounded() -> None:
    assert (seconds_of("60"), seconds_of("0"), seconds_of("9" * 40)) == (60, 0, 86_400)
    assert seconds_of("") is None is seconds_of("soon") is seconds_of("-1") is seconds_of("\u0661")
    in_an_hour = email.utils.formatdate(time.time() + 3_600, usegmt=True)
    assert 3_500 < (seconds_of(in_an_hour) or 0) <= 3_600
    assert seconds_of(email.utils.formatdate(0, usegmt=True)) == 0
