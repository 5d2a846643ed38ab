"""The routes of Web Push."""

from base64 import urlsafe_b64encode
from typing import Any

import httpx
import pytest

from services.notifications import models
from services.notifications.settings import Settings
from shared import ids
from shared.database.engine import Database
from shared.testing import LiveService
from shared.testing.api_client import expect_json, expect_problem
from shared.testing.push_service import Browser

from .factories import rows_of

PATH = "/api/v1/push/subscriptions"
BASE = "https://push.example.com"


def test_key_is_public_and_the_same_for_all_replicas(service: LiveService, settings: Settings) -> None:
    assert expect_json(service.client.get("/api/v1/push/key"), 200) == {"key": settings.vapid_key.public_key}


def test_browser_subscribes_renews_and_ends(client: httpx.Client, database: Database) -> None:
    body = Browser("/a").subscription(BASE)
    first = client.post(PATH, json=body)
    made = expect_json(first, 201)
    assert first.headers["location"] == f"{PATH}/{made['id']}" and set(made) == {"id"}
    assert expect_json(client.post(PATH, json=body), 201) == made
    assert len(rows_of(database, models.push_subscriptions)) == 1
    assert client.delete(f"{PATH}/{made['id']}").status_code == 204
    expect_problem(client.delete(f"{PATH}/{made['id']}"), 404, "not_found")
    expect_problem(client.delete(f"{PATH}/{ids.encode(1)}"), 404, "not_found")
    assert rows_of(database, models.push_subscriptions) == []


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"endpoint": "http://push.example.com/a"}, "/endpoint"),
        ({"endpoint": "https://10.0.0.1/a"}, "/endpoint"),
        ({"endpoint": "https://localhost:8443/a"}, "/endpoint"),
        ({"endpoint": "https://push.example.com:8443/a"}, "/endpoint"),
        ({"endpoint": ""}, "/endpoint"),
        ({"p256dh": ""}, "/keys/p256dh"),
        ({"p256dh": "not base64!"}, "/keys/p256dh"),
        ({"p256dh": urlsafe_b64encode(bytes(65)).decode()}, "/keys/p256dh"),
        ({"p256dh": urlsafe_b64encode(b"\2" + bytes(32)).decode()}, "/keys/p256dh"),
        ({"auth": "é"}, "/keys/auth"),
        ({"auth": urlsafe_b64encode(bytes(15)).decode()}, "/keys/auth"),
    ],
)
def test_subscription_that_cannot_be_used_is_refused(
    client: httpx.Client, database: Database, change: dict[str, str], pointer: str
) -> None:
    body: Any = Browser("/a").subscription(BASE)
    (name, value), *_ = change.items()
    (body if name == "endpoint" else body["keys"])[name] = value
    problem = expect_problem(client.post(PATH, json=body), 422, "invalid_subscription")
    assert [each["pointer"] for each in problem["errors"]] == [pointer]
    assert rows_of(database, models.push_subscriptions) == []


def test_body_that_is_no_subscription_is_refused(client: httpx.Client) -> None:
    good = Browser("/a").subscription(BASE)
    long = {**good, "endpoint": f"{BASE}/{'x' * 1_000}"}
    for wrong in ({}, {"endpoint": BASE}, {**good, "more": 1}, {**good, "keys": None}, long):
        expect_problem(client.post(PATH, json=wrong), 422, "validation_failed")
