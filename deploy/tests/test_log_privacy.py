"""Logs, metrics and traces contain no tokens, addresses and texts: markers in every input appear in none of them."""

import json
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from deploy.tests.journeys.person import API, Person
from deploy.tests.journeys.responses import answer
from deploy.tests.journeys.websocket import ear_of
from deploy.tests.standalone_process import CHEAP_HASHES, ForkedStandalone, Standalone
from gateway.routes import ROUTES
from shared.service_list import NAMES, PURGE_REPORTERS
from shared.testing import eventually
from shared.testing.ports import free_port
from shared.testing.trace_receiver import TraceReceiver, trace_receiver
from shared.testing.waiting import WAIT_SECONDS

MARK = "mrkr7731"
METRICS_PORT = free_port()
ADDRESS = "203.0.113.77"
NO_LIMITS = {
    f"RATE_{name}": "10000000/minute"
    for name in ("SIGNUPS", "LOGINS", "PASSWORDS", "REFRESHES", "MAILS", "ANONYMOUS", "PICTURES", "PERSON", "UPLOADS")
}
HEADERS = {
    "User-Agent": f"browser {MARK}",
    "X-Forwarded-For": ADDRESS,
    "Cookie": f"session={MARK}",
    "Referer": f"https://example.com/{MARK}",
}


@pytest.fixture(scope="module")
def traces() -> Iterator[TraceReceiver]:
    with trace_receiver() as receiver:
        yield receiver


@pytest.fixture(scope="module")
def standalone(tmp_path_factory: pytest.TempPathFactory, traces: TraceReceiver) -> Iterator[Standalone]:
    folder = tmp_path_factory.mktemp("privacy")
    settings = {
        "ENVIRONMENT": "production",
        "UNVERIFIED_MAY_POST": "true",
        "MAIL_URL": (folder / "mails").as_uri(),
        "LOG_LEVEL": "debug",
        "METRICS_PORT": str(METRICS_PORT),
        "TRUSTED_PROXIES": '["127.0.0.0/8"]',
        **CHEAP_HASHES,
        **NO_LIMITS,
        **traces.settings,
    }
    with ForkedStandalone(folder / "data", settings=settings).served() as served:
        yield served


@pytest.fixture(scope="module")
def web(standalone: Standalone) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=standalone.base_url, headers=HEADERS, timeout=WAIT_SECONDS) as client:
        yield client


@pytest.fixture(scope="module")
def secrets(web: httpx.Client) -> list[str]:
    """Use everything with marked inputs, valid and invalid. Returns what must not be in the logs."""
    ada = Person.newcomer(
        web,
        email=f"ada.{MARK}@example.com",
        nickname=f"ada_{MARK}",
        name=f"Ada {MARK}",
        password=f"Wharf-{MARK}-ada",
        phone="010-2000-7731",
    )
    bob = Person.newcomer(web, nickname=f"bob_{MARK}", password=f"Wharf-{MARK}-bob")
    answer(ada.refresh(), 200)
    _use_everything(ada, bob)
    _break_everything(web, ada)
    tokens = [ada.access_token, ada.refresh_token, bob.access_token, bob.refresh_token]
    assert ada.withdraw().status_code < 300
    return [MARK, ADDRESS, "20007731", "127.0.0.1:5", *tokens]


def _use_everything(ada: Person, bob: Person) -> None:
    ada.change(bio=f"bio {MARK}", nickname=f"eve_{MARK}", phone="010-2001-7731")
    ada.show_face(b"not an image " + MARK.encode())
    post = answer(ada.post(f"caption {MARK}", headers={"Idempotency-Key": f"key-{MARK}"}), 201)["id"]
    ada.upload(alt=f"alt {MARK}")
    comment = answer(bob.comment(post, f"comment {MARK}"), 201)["id"]
    bob.reply(post, comment, f"reply {MARK}")
    bob.follow(ada.id)
    room = answer(ada.open_room(bob.id), 201)["id"]
    with ear_of(bob) as ear:
        answer(ada.say(room, f"message {MARK}"), 201)
        assert ear.next()["event"] == "message.created"
    ada.send("GET", "/users", params={"q": MARK})
    assert answer(ada.send("GET", "/messages", params={"query": MARK}))["items"]


def _break_everything(web: httpx.Client, ada: Person) -> None:
    """Each route with marks in path, query and body, without a token, with an invalid one, and with a valid one."""
    bodies: list[dict[str, Any]] = [
        {"json": {MARK: MARK, "text": MARK, "email": f"{MARK}@example", "identifier": MARK, "password": MARK}},
        {"content": f'{{"{MARK}": '.encode(), "headers": {"Content-Type": "application/json"}},
        {"files": {"file": (f"{MARK}.jpg", MARK.encode(), f"image/{MARK}"), MARK: (None, MARK)}},
    ]
    for route in ROUTES:
        path = route.pattern.replace("{", f"{MARK}").replace("}", "")
        for token in (None, f"{MARK}.{MARK}.{MARK}", ada.access_token):
            for body in bodies if route.method != "GET" else [{}]:
                headers = body.get("headers", {}) | ({} if token is None else {"Authorization": f"Bearer {token}"})
                web.request(route.method, path, params={MARK: MARK}, **{**body, "headers": headers})
    web.request(f"{MARK.upper()}", f"/{MARK}")
    web.get(f"/%00{MARK}", headers={"X-Request-Id": f"not valid: {MARK}"})
    web.post(f"{API}/auth/refresh", json={"refresh_token": f"{MARK}" * 4})


def test_logs_contain_no_marker(standalone: Standalone, secrets: list[str]) -> None:
    found = {secret: [line for line in _lines(standalone) if secret in line][:3] for secret in secrets}
    assert {secret: lines for secret, lines in found.items() if lines} == {}


def test_metrics_contain_no_marker_and_only_known_routes(standalone: Standalone, secrets: list[str]) -> None:
    text = httpx.get(f"http://127.0.0.1:{METRICS_PORT}/metrics", timeout=WAIT_SECONDS).text
    assert [secret for secret in secrets if secret in text] == []
    routes = set(re.findall(r'http_request_seconds_count\{route="([^"]*)",service="gateway"', text))
    assert routes <= {route.pattern for route in ROUTES} | {"unknown"} and len(routes) > 30
    for name in NAMES:
        assert f'work_queue_rows{{queue="outbox",service="{name}"}}' in text
        assert f'events_queued{{queue="ready",service="{name}"}}' in text
        assert f'database_up{{service="{name}"}} 1.0' in text
    assert "upload_processing_seconds_count" in text and 'sockets_open{service="dm"}' in text


def test_spans_contain_no_marker(traces: TraceReceiver, secrets: list[str]) -> None:
    eventually(lambda: len(traces.named("auth", "consume user.purged.v1")) == len(PURGE_REPORTERS))
    sent = b"".join(traces.bodies)
    assert [secret for secret in secrets if secret.encode() in sent] == []
    assert {each.service for each in traces.spans} == {"gateway", *NAMES}
    statements = {each.attributes["db.query.text"] for each in traces.spans if "db.query.text" in each.attributes}
    assert len(statements) > 100, "of everything that was used"


def test_each_request_is_one_json_line_of_the_gateway_and_one_of_the_service(
    standalone: Standalone, web: httpx.Client, traces: TraceReceiver, secrets: list[str]
) -> None:
    web.get(f"{API}/posts", params={"limit": 1}, headers={"X-Request-Id": "traced-1"})
    eventually(lambda: len(_requests(standalone, "traced-1")) == 2)
    lines = sorted(_requests(standalone, "traced-1"), key=lambda line: str(line["service"]))
    assert [line["service"] for line in lines] == ["gateway", "posts"]
    for line in lines:
        assert (line["event"], line["method"], line["route"], line["status"]) == ("request", "GET", f"{API}/posts", 200)
        assert 0 < line["duration_ms"] < WAIT_SECONDS * 1_000
        assert set(line) == {
            "service", "request_id", "trace_id", "method", "route", "status", "duration_ms", "event", "level",
            "timestamp",
        }  # fmt: skip
    (trace_id,) = {line["trace_id"] for line in lines}
    eventually(lambda: {each.service for each in traces.trace(trace_id)} == {"gateway", "posts"})


def test_request_without_a_route_is_logged_without_its_path(standalone: Standalone, web: httpx.Client) -> None:
    web.request("DELETE", f"/coffee/{MARK}", headers={"X-Request-Id": "traced-2"})
    eventually(lambda: len(_requests(standalone, "traced-2")) == 1)
    (line,) = _requests(standalone, "traced-2")
    assert (line["route"], line["method"], line["status"]) == ("unknown", "DELETE", 404)


def _lines(standalone: Standalone) -> list[str]:
    return standalone.printed().splitlines()


def _requests(standalone: Standalone, request_id: str) -> list[dict[str, Any]]:
    entries = [json.loads(line) for line in _lines(standalone) if line.startswith("{")]
    return [entry for entry in entries if entry.get("request_id") == request_id and entry["event"] == "request"]


def test_log_has_only_json_lines(standalone: Standalone, secrets: list[str]) -> None:
    """Except for the message at the start, which is indented."""
    others = [line for line in _lines(standalone) if line.strip() and not line.startswith(("{", "  "))]
    assert others == []
